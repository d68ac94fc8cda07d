# docs/isa.md is what isa-gen writes: cmake -DA=generated -DB=committed -P CheckIsaDoc.cmake
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${A} ${B} RESULT_VARIABLE different)
if(different)
  message(FATAL_ERROR "docs/isa.md is stale: cp ${A} ${B}")
endif()
