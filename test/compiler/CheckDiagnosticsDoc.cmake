# docs/diagnostics.md is what `ncc explain all` prints: cmake -DNCC=ncc -DDOC=committed -DOUT=scratch -P CheckDiagnosticsDoc.cmake
execute_process(COMMAND ${NCC} explain all OUTPUT_FILE ${OUT} RESULT_VARIABLE failed)
execute_process(COMMAND ${CMAKE_COMMAND} -E compare_files ${OUT} ${DOC} RESULT_VARIABLE different)
if(failed OR different)
  message(FATAL_ERROR "docs/diagnostics.md is stale: ncc explain all > docs/diagnostics.md")
endif()
