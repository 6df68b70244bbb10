# The fast CPU kernels: one source file compiled once for each instruction set; see core/backends/cpu/.
# kernels.cpp is excluded from the library's own sources. The flags stay on these objects alone: everything else
# runs on any processor, and the choice is made at run time.
set(kernel_sets baseline)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(kernel_sets baseline avx2 avx512)
  set(kernel_flags_baseline -march=x86-64-v2)
  set(kernel_flags_avx2 -march=x86-64-v3)
  set(kernel_flags_avx512 -march=x86-64-v4 -mprefer-vector-width=512)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  set(kernel_sets neon)  # part of every 64-bit ARM processor: no flags
endif()

foreach(set IN LISTS kernel_sets)
  set(target headlight_kernels_${set})
  add_library(${target} OBJECT core/backends/cpu/kernels.cpp)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  # -O3 in every configuration: the loops below it are too slow even to test with. Contraction is what turns
  # a * b + c into one instruction.
  target_compile_options(${target} PRIVATE ${kernel_flags_${set}} -O3 -ffp-contract=fast -DHEADLIGHT_ISA=${set})
  target_link_libraries(${target} PRIVATE headlight_warnings)
  target_sources(headlight_core PRIVATE $<TARGET_OBJECTS:${target}>)
  if(HEADLIGHT_TESTS AND NOT HEADLIGHT_SANITIZE)  # sanitizers add symbols of their own
    add_test(NAME kernel_symbols_${set}
             COMMAND ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DOBJECT=$<TARGET_OBJECTS:${target}> -DNAMESPACE=${set}
                     -P ${PROJECT_SOURCE_DIR}/cmake/check_kernel_symbols.cmake)
  endif()
endforeach()
if("avx512" IN_LIST kernel_sets)
  set_property(SOURCE core/backends/cpu/instruction_sets.cpp APPEND PROPERTY COMPILE_DEFINITIONS HEADLIGHT_X86_KERNELS)
endif()
# The yardstick beside them is made of fused multiply-adds too, in every configuration.
set_property(SOURCE core/backends/cpu/machine_limits.cpp APPEND PROPERTY COMPILE_OPTIONS -O3 -ffp-contract=fast)
