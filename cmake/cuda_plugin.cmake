# The CUDA plug-in: built where nvcc is found (CUDA Toolkit 12 or 13), loaded at run time, needed by nothing.
# Made with one command rather than as a CMake language, which would have to be found before project() knows
# whether there is one.
option(HEADLIGHT_CUDA "Build the CUDA plug-in where nvcc is found" ON)
if(NOT HEADLIGHT_CUDA OR HEADLIGHT_SANITIZE OR CMAKE_CROSSCOMPILING)
  return()
endif()
find_program(HEADLIGHT_NVCC nvcc HINTS $ENV{CUDA_HOME}/bin /usr/local/cuda/bin)
if(NOT HEADLIGHT_NVCC)
  message(STATUS "No nvcc: without the CUDA plug-in")
  return()
endif()
execute_process(COMMAND ${HEADLIGHT_NVCC} --version OUTPUT_VARIABLE nvcc_version)
string(REGEX MATCH "release ([0-9]+\\.[0-9]+)" ignored "${nvcc_version}")
set(nvcc_version ${CMAKE_MATCH_1})
if(nvcc_version VERSION_LESS 12)
  message(STATUS "nvcc ${nvcc_version} is older than 12: without the CUDA plug-in")
  return()
endif()

# Not every compiler goes with every toolkit, and cuBLAS is a package of its own: what cannot be built is left
# out, and the program does without.
set(cuda_words -std=c++20 -Wno-deprecated-gpu-targets -Xcompiler -fPIC -I ${PROJECT_SOURCE_DIR})
if(NOT "${HEADLIGHT_NVCC} ${nvcc_version} ${CMAKE_CXX_COMPILER_VERSION}" STREQUAL "${HEADLIGHT_NVCC_WORKS}")
  file(WRITE ${PROJECT_BINARY_DIR}/cuda_probe.cu "#include <cublas_v2.h>\n#include <variant>\n"
    "__global__ void nothing() {}\ncublasComputeType_t sums() { return CUBLAS_COMPUTE_32F_PEDANTIC; }\n")
  execute_process(COMMAND ${HEADLIGHT_NVCC} ${cuda_words} -shared -lcublas -o cuda_probe.so cuda_probe.cu
    WORKING_DIRECTORY ${PROJECT_BINARY_DIR} RESULT_VARIABLE nvcc_failed OUTPUT_VARIABLE nvcc_output
    ERROR_VARIABLE nvcc_output)
  if(nvcc_failed)
    string(STRIP "${nvcc_output}" nvcc_output)
    message(WARNING "${HEADLIGHT_NVCC} (${nvcc_version}) cannot build here: without the CUDA plug-in.\n${nvcc_output}")
    return()
  endif()
  set(HEADLIGHT_NVCC_WORKS "${HEADLIGHT_NVCC} ${nvcc_version} ${CMAKE_CXX_COMPILER_VERSION}" CACHE INTERNAL "")
endif()
# Warnings are errors with the toolkit that was tried; another one's must not keep anybody from the program.
if(nvcc_version VERSION_EQUAL 13.0)
  list(APPEND cuda_words -Werror all-warnings -Xcompiler -Wall,-Wextra,-Werror)
endif()

# Machine code for what is in use; PTX, which a GPU translates when it loads it, of the newest for later ones
# and of the oldest for those between.
set(cuda_architectures 75 80 86 89 90)
if(nvcc_version VERSION_GREATER_EQUAL 12.8)
  list(APPEND cuda_architectures 100 120)
endif()
set(cuda_code)
foreach(number IN LISTS cuda_architectures)
  list(APPEND cuda_code -gencode arch=compute_${number},code=sm_${number})
endforeach()
list(GET cuda_architectures -1 newest)
list(APPEND cuda_code -gencode arch=compute_${newest},code=compute_${newest})
list(APPEND cuda_code -gencode arch=compute_75,code=compute_75)
cmake_path(GET HEADLIGHT_NVCC PARENT_PATH toolkit)
cmake_path(GET toolkit PARENT_PATH toolkit)

set(cuda_source ${PROJECT_SOURCE_DIR}/core/backends/cuda/plugin.cu)
set(cuda_plugin ${PROJECT_BINARY_DIR}/headlight_cuda.so)
add_custom_command(
  OUTPUT ${cuda_plugin}
  COMMAND ${HEADLIGHT_NVCC} ${cuda_words} -O3 ${cuda_code} -MD -MF headlight_cuda.d -MT headlight_cuda.so -shared -cudart static -lcublas
          -Xlinker "-rpath,$ORIGIN:${toolkit}/lib64" -o ${cuda_plugin} ${cuda_source}
  DEPENDS ${cuda_source} DEPFILE headlight_cuda.d
  WORKING_DIRECTORY ${PROJECT_BINARY_DIR} COMMENT "CUDA plug-in with nvcc ${nvcc_version}" VERBATIM)
add_custom_target(headlight_cuda ALL DEPENDS ${cuda_plugin})
