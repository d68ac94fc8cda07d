# Target OpenJPEG::OpenJPEG. The CMake file of Debian's package also wants the library's programs, which are in another package.
find_path(OpenJPEG_INCLUDE_DIR openjpeg.h PATH_SUFFIXES openjpeg-2.5 openjpeg-2.6)
find_library(OpenJPEG_LIBRARY openjp2)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenJPEG REQUIRED_VARS OpenJPEG_LIBRARY OpenJPEG_INCLUDE_DIR)
if(OpenJPEG_FOUND AND NOT TARGET OpenJPEG::OpenJPEG)
  add_library(OpenJPEG::OpenJPEG UNKNOWN IMPORTED)
  set_target_properties(OpenJPEG::OpenJPEG PROPERTIES IMPORTED_LOCATION "${OpenJPEG_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${OpenJPEG_INCLUDE_DIR}")
endif()
