# Fails when an object of kernels.cpp defines anything with external linkage but its own table. A weak symbol (a
# template or an inline function) would be merged with the same one from other files, and code for AVX-512 could
# end up where any processor runs it.
execute_process(COMMAND ${NM} -C --defined-only --extern-only ${OBJECT}
                OUTPUT_VARIABLE symbols RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "${NM} failed on ${OBJECT}")
endif()
string(REGEX REPLACE "\n$" "" symbols "${symbols}")
string(REPLACE "\n" ";" lines "${symbols}")
set(tables 0)
foreach(line IN LISTS lines)
  if(line MATCHES " [A-Z] headlight::${NAMESPACE}::table$")
    math(EXPR tables "${tables} + 1")
  else()
    message(SEND_ERROR "${OBJECT} defines more than its table: ${line}")
  endif()
endforeach()
if(NOT tables EQUAL 1)
  message(FATAL_ERROR "${OBJECT} should define headlight::${NAMESPACE}::table once, and defines it ${tables} times")
endif()
