# One fuzz target for each tests/fuzz/*_fuzz.cpp, with clang's libFuzzer:
#   cmake -B build/fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_C_COMPILER=clang -DHEADLIGHT_GUI=OFF
#         -DHEADLIGHT_TESTS=OFF -DHEADLIGHT_FUZZ=ON -DHEADLIGHT_SANITIZE=address,undefined
#   build/fuzz/tokenizer_fuzz -max_total_time=60
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  message(FATAL_ERROR "HEADLIGHT_FUZZ needs clang++; this is ${CMAKE_CXX_COMPILER_ID}.")
endif()
target_compile_options(headlight_core PRIVATE -fsanitize=fuzzer-no-link)
file(GLOB fuzz_sources CONFIGURE_DEPENDS tests/fuzz/*_fuzz.cpp)
foreach(fuzz_source ${fuzz_sources})
  get_filename_component(fuzz_name ${fuzz_source} NAME_WE)
  add_executable(${fuzz_name} ${fuzz_source})
  target_compile_definitions(${fuzz_name} PRIVATE HEADLIGHT_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_compile_options(${fuzz_name} PRIVATE -fsanitize=fuzzer)
  target_link_options(${fuzz_name} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${fuzz_name} PRIVATE headlight_core headlight_warnings)
endforeach()
