# Finds a pinned source archive, checks it and extracts what is needed of it. Nothing third-party is committed.
#
#   source_archive(RESULT variable          set to the extracted folder NAME
#                  NAME name-version        the archive is NAME.tar.gz, and so is the folder in it
#                  PACKAGE name VERSION v   what pip downloads
#                  SHA256 hash SIZE "54 MB"
#                  FOLDER variable          a cache variable: where the user has it
#                  MARK path                a file that the extracted folder must have
#                  EDITION number           raised when PATHS change, so that an older extraction is not taken
#                  PATHS path…              what is extracted, below NAME
#                  NEEDED_BY text [OR_ELSE text])   for the message when it cannot be had
#
# Looked for in this order: -DFOLDER=… (an extracted archive, or a folder that holds the archive), the cache folder, a
# download with pip in a virtual environment of its own.

if(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(headlight_cache "$ENV{XDG_CACHE_HOME}/headlight/third_party")
elseif(DEFINED ENV{HOME} AND NOT "$ENV{HOME}" STREQUAL "")
  set(headlight_cache "$ENV{HOME}/.cache/headlight/third_party")
else()
  set(headlight_cache "${PROJECT_BINARY_DIR}/third_party")
endif()
file(MAKE_DIRECTORY "${headlight_cache}")

# The functions below read the arguments of source_archive() as archive_NAME, archive_SHA256, …

function(source_archive_fail why)
  message(FATAL_ERROR
    "${archive_NEEDED_BY} needs the sources of ${archive_NAME}, and ${why}. Connect to a network and run this again, or "
    "give a folder that holds ${archive_NAME}.tar.gz with -D${archive_FOLDER}=FOLDER${archive_OR_ELSE}.")
endfunction()

# Whether the archive is exactly the pinned one.
function(source_archive_is_pinned archive result)
  set(${result} OFF PARENT_SCOPE)
  if(EXISTS "${archive}")
    file(SHA256 "${archive}" found)
    if(found STREQUAL archive_SHA256)
      set(${result} ON PARENT_SCOPE)
    endif()
  endif()
endfunction()

# pip checks the hash once; the caller checks it again. The virtual environment keeps the system's Python untouched.
function(source_archive_download archive)
  find_program(HEADLIGHT_PYTHON python3)
  if(NOT HEADLIGHT_PYTHON)
    source_archive_fail("python3, which downloads them, was not found")
  endif()
  set(work "${PROJECT_BINARY_DIR}/${archive_PACKAGE}_download")
  file(REMOVE_RECURSE "${work}")
  file(MAKE_DIRECTORY "${work}")
  file(WRITE "${work}/requirements.txt" "${archive_PACKAGE}==${archive_VERSION} --hash=sha256:${archive_SHA256}\n")
  message(STATUS "Fetching ${archive_NAME} (${archive_SIZE})")
  execute_process(COMMAND "${HEADLIGHT_PYTHON}" -m venv "${work}/python" RESULT_VARIABLE failed OUTPUT_VARIABLE said
    ERROR_VARIABLE said)
  if(failed)
    source_archive_fail("python3 could not make a virtual environment (is python3-venv installed?)")
  endif()
  execute_process(
    COMMAND "${work}/python/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps
            --no-binary ${archive_PACKAGE} --require-hashes -r "${work}/requirements.txt" -d "${work}"
    RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(failed)
    message(STATUS "${said}")
    source_archive_fail("pip could not download them (its words are above)")
  endif()
  # Renamed into place, so that a build that runs at the same time never reads half an archive.
  string(RANDOM LENGTH 8 unique)
  file(COPY_FILE "${work}/${archive_NAME}.tar.gz" "${archive}.${unique}")
  file(RENAME "${archive}.${unique}" "${archive}")
  file(REMOVE_RECURSE "${work}")
endfunction()

function(source_archive_extract archive destination)
  string(RANDOM LENGTH 8 unique)
  set(partial "${destination}.${unique}")
  list(TRANSFORM archive_PATHS PREPEND "${archive_NAME}/" OUTPUT_VARIABLE patterns)
  file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${partial}" PATTERNS ${patterns})
  if(NOT IS_DIRECTORY "${destination}")
    file(RENAME "${partial}" "${destination}" RESULT renamed)
  endif()
  file(REMOVE_RECURSE "${partial}")
endfunction()

# What the user gave: an extracted folder, or one that holds the archive.
function(source_archive_given folder extracted archive)
  foreach(candidate "${folder}" "${folder}/${archive_NAME}")
    if(EXISTS "${candidate}/${archive_MARK}" AND EXISTS "${candidate}/PKG-INFO")
      file(STRINGS "${candidate}/PKG-INFO" version_line REGEX "^Version: ${archive_VERSION}$")
      if(NOT version_line)
        source_archive_fail("'${candidate}' holds another version of ${archive_PACKAGE}")
      endif()
      set(${extracted} "${candidate}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  set(given "${folder}/${archive_NAME}.tar.gz")
  source_archive_is_pinned("${given}" pinned)
  if(NOT pinned)
    source_archive_fail("'${folder}' holds neither them nor ${archive_NAME}.tar.gz with SHA-256 ${archive_SHA256}")
  endif()
  set(${archive} "${given}" PARENT_SCOPE)
endfunction()

function(source_archive)
  cmake_parse_arguments(PARSE_ARGV 0 archive ""
    "RESULT;NAME;PACKAGE;VERSION;SHA256;SIZE;FOLDER;MARK;EDITION;NEEDED_BY;OR_ELSE" "PATHS")
  set(${archive_FOLDER} "" CACHE PATH "Folder of the extracted ${archive_NAME}, or of its archive")
  set(found "")
  set(file "")
  if(${archive_FOLDER})
    source_archive_given("${${archive_FOLDER}}" found file)
  endif()
  if(NOT found)
    set(extracted "${headlight_cache}/${archive_NAME}-${archive_EDITION}")
    if(NOT IS_DIRECTORY "${extracted}")
      if(NOT file)
        set(file "${headlight_cache}/${archive_NAME}.tar.gz")
        source_archive_is_pinned("${file}" pinned)
        if(NOT pinned)
          source_archive_download("${file}")
          source_archive_is_pinned("${file}" pinned)
          if(NOT pinned)
            source_archive_fail("what was downloaded does not have the SHA-256 ${archive_SHA256}")
          endif()
        endif()
      endif()
      source_archive_extract("${file}" "${extracted}")
    endif()
    set(found "${extracted}/${archive_NAME}")
  endif()
  if(NOT EXISTS "${found}/${archive_MARK}")
    source_archive_fail("'${found}' is not complete: delete that folder")
  endif()
  message(STATUS "${archive_NAME}: ${found}")
  set(${archive_RESULT} "${found}" PARENT_SCOPE)
endfunction()
