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

# Machine code for what is in use, and PTX of the newest, which later GPUs translate when they load it.
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
cmake_path(GET HEADLIGHT_NVCC PARENT_PATH toolkit)
cmake_path(GET toolkit PARENT_PATH toolkit)

set(cuda_source ${PROJECT_SOURCE_DIR}/core/backends/cuda/plugin.cu)
set(cuda_plugin ${PROJECT_BINARY_DIR}/headlight_cuda.so)
add_custom_command(
  OUTPUT ${cuda_plugin}
  COMMAND ${HEADLIGHT_NVCC} -std=c++20 -O3 ${cuda_code} -Werror all-warnings -Xcompiler -fPIC,-Wall,-Wextra,-Werror
          -I ${PROJECT_SOURCE_DIR} -MD -MF headlight_cuda.d -MT headlight_cuda.so -shared -cudart static -lcublas
          -Xlinker "-rpath,\\$$ORIGIN:${toolkit}/lib64" -o ${cuda_plugin} ${cuda_source}
  DEPENDS ${cuda_source} DEPFILE headlight_cuda.d
  WORKING_DIRECTORY ${PROJECT_BINARY_DIR} COMMENT "CUDA plug-in with nvcc ${nvcc_version}" VERBATIM)
add_custom_target(headlight_cuda ALL DEPENDS ${cuda_plugin})
