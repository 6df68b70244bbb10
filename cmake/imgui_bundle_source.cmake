# Finds the pinned imgui-bundle source archive, checks it and extracts what is needed.
# Sets IMGUI_BUNDLE_EXTERNAL: the folder "external" of the extracted sources.
#
# Looked for in this order: -DHEADLIGHT_IMGUI_BUNDLE_DIR (an extracted archive, or a folder that holds the archive),
# the cache folder, a download with pip in a virtual environment of its own.

set(imgui_bundle_version 1.93.0)
set(imgui_bundle_name imgui_bundle-${imgui_bundle_version})
set(imgui_bundle_sha256 10ad1dab8258a6787b4f07bb926b08d0efc648a7906242568c8dd778c5e719bf)
set(HEADLIGHT_IMGUI_BUNDLE_DIR "" CACHE PATH "Folder of the extracted ${imgui_bundle_name}, or of its archive")

if(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(headlight_cache "$ENV{XDG_CACHE_HOME}/headlight/third_party")
elseif(DEFINED ENV{HOME} AND NOT "$ENV{HOME}" STREQUAL "")
  set(headlight_cache "$ENV{HOME}/.cache/headlight/third_party")
else()
  set(headlight_cache "${PROJECT_BINARY_DIR}/third_party")
endif()
file(MAKE_DIRECTORY "${headlight_cache}")

function(imgui_bundle_fail why)
  message(FATAL_ERROR
    "The interface needs the sources of ${imgui_bundle_name}, and ${why}. Connect to a network and run this again, or "
    "give a folder that holds ${imgui_bundle_name}.tar.gz with -DHEADLIGHT_IMGUI_BUNDLE_DIR=FOLDER, or build without "
    "the window with -DHEADLIGHT_GUI=OFF.")
endfunction()

# Whether the archive is exactly the pinned one.
function(imgui_bundle_archive_is_pinned archive result)
  set(${result} OFF PARENT_SCOPE)
  if(EXISTS "${archive}")
    file(SHA256 "${archive}" found)
    if(found STREQUAL imgui_bundle_sha256)
      set(${result} ON PARENT_SCOPE)
    endif()
  endif()
endfunction()

# pip checks the hash once; the caller checks it again. The virtual environment keeps the system's Python untouched.
function(imgui_bundle_download archive)
  find_program(HEADLIGHT_PYTHON python3)
  if(NOT HEADLIGHT_PYTHON)
    imgui_bundle_fail("python3, which downloads them, was not found")
  endif()
  set(work "${PROJECT_BINARY_DIR}/imgui_bundle_download")
  file(REMOVE_RECURSE "${work}")
  file(MAKE_DIRECTORY "${work}")
  file(WRITE "${work}/requirements.txt"
    "imgui-bundle==${imgui_bundle_version} --hash=sha256:${imgui_bundle_sha256}\n")
  message(STATUS "Fetching ${imgui_bundle_name} (54 MB)")
  execute_process(COMMAND "${HEADLIGHT_PYTHON}" -m venv "${work}/python" RESULT_VARIABLE failed OUTPUT_VARIABLE said
    ERROR_VARIABLE said)
  if(failed)
    imgui_bundle_fail("python3 could not make a virtual environment (is python3-venv installed?)")
  endif()
  execute_process(
    COMMAND "${work}/python/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps
            --no-binary imgui-bundle --require-hashes -r "${work}/requirements.txt" -d "${work}"
    RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(failed)
    message(STATUS "${said}")
    imgui_bundle_fail("pip could not download them (its words are above)")
  endif()
  # Renamed into place, so that a build that runs at the same time never reads half an archive.
  string(RANDOM LENGTH 8 unique)
  file(COPY_FILE "${work}/${imgui_bundle_name}.tar.gz" "${archive}.${unique}")
  file(RENAME "${archive}.${unique}" "${archive}")
  file(REMOVE_RECURSE "${work}")
endfunction()

function(imgui_bundle_extract archive destination)
  string(RANDOM LENGTH 8 unique)
  set(partial "${destination}.${unique}")
  set(external ${imgui_bundle_name}/external)
  file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${partial}" PATTERNS
    ${external}/imgui/imgui
    ${external}/implot/implot
    ${external}/imgui_rich_md/imgui_rich_md
    ${external}/imgui_microtex/MicroTeX/LICENSE
    ${external}/imgui_microtex/MicroTeX/lib
    ${external}/glfw/glfw
    ${external}/imgui_test_engine/imgui_test_engine/imgui_test_engine
    ${external}/portable_file_dialogs/portable_file_dialogs
    ${imgui_bundle_name}/LICENSE)
  if(NOT IS_DIRECTORY "${destination}")
    file(RENAME "${partial}" "${destination}" RESULT renamed)
  endif()
  file(REMOVE_RECURSE "${partial}")
endfunction()

set(IMGUI_BUNDLE_EXTERNAL "")
set(imgui_bundle_archive "")
if(HEADLIGHT_IMGUI_BUNDLE_DIR)
  foreach(candidate "${HEADLIGHT_IMGUI_BUNDLE_DIR}" "${HEADLIGHT_IMGUI_BUNDLE_DIR}/${imgui_bundle_name}")
    if(NOT IMGUI_BUNDLE_EXTERNAL AND EXISTS "${candidate}/external/imgui/imgui/imgui.h" AND EXISTS "${candidate}/PKG-INFO")
      file(STRINGS "${candidate}/PKG-INFO" version_line REGEX "^Version: ${imgui_bundle_version}$")
      if(NOT version_line)
        imgui_bundle_fail("'${candidate}' holds another version of imgui-bundle")
      endif()
      set(IMGUI_BUNDLE_EXTERNAL "${candidate}/external")
    endif()
  endforeach()
  if(NOT IMGUI_BUNDLE_EXTERNAL)
    set(imgui_bundle_archive "${HEADLIGHT_IMGUI_BUNDLE_DIR}/${imgui_bundle_name}.tar.gz")
    imgui_bundle_archive_is_pinned("${imgui_bundle_archive}" pinned)
    if(NOT pinned)
      imgui_bundle_fail("'${HEADLIGHT_IMGUI_BUNDLE_DIR}' holds neither them nor ${imgui_bundle_name}.tar.gz with SHA-256 ${imgui_bundle_sha256}")
    endif()
  endif()
endif()

if(NOT IMGUI_BUNDLE_EXTERNAL)
  set(imgui_bundle_extracted "${headlight_cache}/${imgui_bundle_name}-1")
  if(NOT IS_DIRECTORY "${imgui_bundle_extracted}")
    if(NOT imgui_bundle_archive)
      set(imgui_bundle_archive "${headlight_cache}/${imgui_bundle_name}.tar.gz")
      imgui_bundle_archive_is_pinned("${imgui_bundle_archive}" pinned)
      if(NOT pinned)
        imgui_bundle_download("${imgui_bundle_archive}")
        imgui_bundle_archive_is_pinned("${imgui_bundle_archive}" pinned)
        if(NOT pinned)
          imgui_bundle_fail("what was downloaded does not have the SHA-256 ${imgui_bundle_sha256}")
        endif()
      endif()
    endif()
    imgui_bundle_extract("${imgui_bundle_archive}" "${imgui_bundle_extracted}")
  endif()
  set(IMGUI_BUNDLE_EXTERNAL "${imgui_bundle_extracted}/${imgui_bundle_name}/external")
endif()
if(NOT EXISTS "${IMGUI_BUNDLE_EXTERNAL}/imgui/imgui/imgui.h")
  imgui_bundle_fail("'${IMGUI_BUNDLE_EXTERNAL}' is not complete: delete that folder")
endif()
message(STATUS "Interface libraries: ${IMGUI_BUNDLE_EXTERNAL}")
