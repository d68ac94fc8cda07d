# The support table in docs/ is what the ledger generates.
execute_process(COMMAND ${TOOL} --support-table ${LEDGER} OUTPUT_VARIABLE generated RESULT_VARIABLE result)
file(READ ${DOC} stored)
if(NOT result EQUAL 0 OR NOT generated STREQUAL stored)
  message(FATAL_ERROR "docs/onnx-support.md is stale: conformance --support-table test/conformance/expected.json > docs/onnx-support.md")
endif()
