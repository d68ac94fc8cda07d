# Installs the package, builds test/api against it alone, runs it. cmake -DBUILD=.. -DSOURCE=.. -DMODEL=.. -DCXX=.. -P
set(work ${BUILD}/test/api)
file(REMOVE_RECURSE ${work}/prefix ${work}/user)
file(MAKE_DIRECTORY ${work}/user/out)
foreach(step
    "${CMAKE_COMMAND};--install;${BUILD};--prefix;${work}/prefix;--component;sdk"
    "${CMAKE_COMMAND};-S;${SOURCE};-B;${work}/user;-DCMAKE_PREFIX_PATH=${work}/prefix;-DCMAKE_CXX_COMPILER=${CXX}"
    "${CMAKE_COMMAND};--build;${work}/user"
    "${work}/user/compile_twice;${MODEL};${work}/user/out")
  execute_process(COMMAND ${step} RESULT_VARIABLE result)
  if(result)
    message(FATAL_ERROR "failed: ${step}")
  endif()
endforeach()
