# Part of ncc, under the Apache License 2.0. See LICENSE.
#
# lit runs every .mlir and .test file below test/ with ncc's tools and FileCheck on the path. CMake fills
# lit.site.cfg.py, which loads this file.
import os

import lit.formats

config.name = "ncc"
config.test_format = lit.formats.ShTest(True)
config.suffixes = [".mlir", ".test"]
config.excludes = ["lit.cfg.py", "lit.site.cfg.py.in"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.ncc_build_dir, "test")
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.ncc_build_dir, "bin"), config.llvm_tools_dir, os.environ["PATH"]])
config.substitutions.append(("%source", config.test_source_root))
