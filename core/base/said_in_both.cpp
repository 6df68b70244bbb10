// The Korean half of an error, and of the system's own reasons.
#include "core/base/said_in_both.h"

#include <cerrno>
#include <new>
#include <system_error>

namespace headlight {
namespace {

const char* korean_reason(int error) {
  switch (error) {
    case ENOENT:
      return "그런 파일이나 폴더가 없습니다";
    case EACCES:
    case EPERM:
      return "권한이 없습니다";
    case ENOSPC:
      return "디스크에 남은 공간이 없습니다";
    case EDQUOT:
      return "디스크 할당량을 넘었습니다";
    case EFBIG:
      return "파일이 너무 큽니다";
    case EROFS:
      return "읽기 전용 디스크입니다";
    case EISDIR:
      return "폴더입니다";
    case ENOTDIR:
      return "폴더가 아닙니다";
    case EEXIST:
      return "이미 있습니다";
    case EINVAL:
      return "쓸 수 없는 대상입니다";
    case EIO:
      return "디스크를 읽거나 쓰는 중에 오류가 났습니다";
    case EMFILE:
    case ENFILE:
      return "열린 파일이 너무 많습니다";
    case ENAMETOOLONG:
      return "이름이 너무 깁니다";
    default:
      return nullptr;
  }
}

}  // namespace

Bilingual said(const std::exception& error) {
  if (const auto* both = dynamic_cast<const SaidInBoth*>(&error)) return {error.what(), both->korean()};
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
    return {"Not enough memory; use a shorter text or a smaller model.",
            "메모리가 모자랍니다. 더 짧은 글이나 더 작은 모델을 써 주세요."};
  }
  return {error.what(), error.what()};
}

Bilingual system_reason(int error) {
  std::string english = std::generic_category().message(error);
  const char* korean = korean_reason(error);
  return {english, korean != nullptr ? korean : english};
}

}  // namespace headlight
