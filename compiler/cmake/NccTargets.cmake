# The helpers every CMakeLists.txt below uses: ncc_library, ncc_dialect_library, ncc_tablegen, ncc_tool,
# ncc_test. A library is MLIR-free unless it says MLIR, so the runtime cannot include it by accident.

add_library(ncc_warnings INTERFACE)
target_compile_options(ncc_warnings INTERFACE -Wall -Wextra -Wno-unused-parameter)
# GCC 12 sees overflows and uninitialised reads where std::string's operator+ and inlined vectors have none (GCC bug
# 105329 and its like, mended in 13).
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(ncc_warnings INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-maybe-uninitialized)
endif()
# Clang tells of each loop the pragmas ask to vectorise that a build without optimisation leaves alone.
if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  target_compile_options(ncc_warnings INTERFACE -Wno-pass-failed)
endif()
if(NCC_WERROR)
  target_compile_options(ncc_warnings INTERFACE -Werror)
endif()
if(NCC_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(NCC_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)

# What an MLIR translation unit needs: the shared libraries and their headers as system headers.
add_library(ncc_mlir INTERFACE)
target_include_directories(ncc_mlir SYSTEM INTERFACE ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})
target_link_libraries(ncc_mlir INTERFACE MLIR LLVM)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  target_compile_options(ncc_mlir INTERFACE -Wno-init-list-lifetime)
endif()

if(NCC_PRECOMPILED_HEADERS)
  file(WRITE "${CMAKE_BINARY_DIR}/ncc_pch.cpp" "// holds the precompiled MLIR headers\n")
  add_library(ncc_mlir_pch OBJECT "${CMAKE_BINARY_DIR}/ncc_pch.cpp")
  target_link_libraries(ncc_mlir_pch PRIVATE ncc_mlir ncc_warnings)
  target_precompile_headers(ncc_mlir_pch PRIVATE
    <mlir/IR/Builders.h> <mlir/IR/BuiltinOps.h> <mlir/IR/BuiltinTypes.h> <mlir/IR/DialectResourceBlobManager.h>
    <mlir/IR/OpImplementation.h> <mlir/IR/PatternMatch.h> <mlir/Dialect/Func/IR/FuncOps.h>
    <mlir/Pass/Pass.h> <mlir/Transforms/GreedyPatternRewriteDriver.h>
    <map> <memory> <string> <unordered_map> <vector>)
endif()

function(ncc_library name)
  cmake_parse_arguments(ARG "MLIR" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}> $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}>
    $<INSTALL_INTERFACE:include/ncc>)
  target_link_libraries(${name} PUBLIC ${ARG_LINK} PRIVATE $<BUILD_INTERFACE:ncc_warnings>)
  if(ARG_MLIR)
    target_link_libraries(${name} PUBLIC $<BUILD_INTERFACE:ncc_mlir>)
    if(NCC_PRECOMPILED_HEADERS)
      target_precompile_headers(${name} REUSE_FROM ncc_mlir_pch)
    endif()
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# ncc_tablegen(<target> <file.td> <out.inc> <mlir-tblgen flags...> ...) with pairs "out.inc|flags".
function(ncc_tablegen target td)
  set(LLVM_TARGET_DEFINITIONS ${td})
  foreach(pair ${ARGN})
    string(REPLACE "|" ";" parts "${pair}")
    list(POP_FRONT parts out)
    mlir_tablegen(${out} ${parts} EXTRA_INCLUDES ${MLIR_INCLUDE_DIRS} ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  endforeach()
  add_public_tablegen_target(${target})
endfunction()

function(ncc_tool name)
  cmake_parse_arguments(ARG "MLIR" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} ncc_warnings)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
  if(ARG_MLIR)
    target_link_libraries(${name} PRIVATE ncc_mlir)
  endif()
  install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()

# One GoogleTest binary per folder under test/.
function(ncc_test name)
  cmake_parse_arguments(ARG "MLIR" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest GTest::gmock GTest::gtest_main ncc_warnings)
  if(ARG_MLIR)
    target_link_libraries(${name} PRIVATE ncc_mlir)
  endif()
  add_test(NAME ${name} COMMAND ${name})
endfunction()
