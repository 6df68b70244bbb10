// Errors in both languages: caught as before, what() as before, and the Korean sentence beside it.
#include "core/base/said_in_both.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <new>

#include "core/base/errors.h"
#include "core/base/http_transfer.h"

namespace headlight {
namespace {

TEST(SaidInBoth, IsCaughtAsTheErrorThatItIs) {
  try {
    throw told<FileError>("{}: the file has {} bytes.", "{}: 파일의 크기가 {}바이트입니다.", "a.gguf", 3);
  } catch (const FileError& error) {
    EXPECT_STREQ(error.what(), "a.gguf: the file has 3 bytes.");
    EXPECT_EQ(said(error),
              (Bilingual{"a.gguf: the file has 3 bytes.", "a.gguf: 파일의 크기가 3바이트입니다."}));
  }
  EXPECT_THROW(throw told<FileError>("No.", "아니요."), UserError);
}

TEST(SaidInBoth, KeepsWhatAnErrorCarriesBesideItsWords) {
  try {
    Told<HttpError> error({"Gone.", "없습니다."}, HttpProblem::status);
    error.status = 404;
    throw error;
  } catch (const HttpError& error) {
    EXPECT_EQ(error.problem, HttpProblem::status);
    EXPECT_EQ(error.status, 404);
    EXPECT_EQ(said(error).ko, "없습니다.");
  }
}

TEST(SaidInBoth, GivesEachLanguageItsHalfOfAValue) {
  const Bilingual why = {"the disk is full", "디스크가 가득 찼습니다"};
  EXPECT_EQ(in_both("{0}: {1}", "{1} ({0})", 7, why),
            (Bilingual{"7: the disk is full", "디스크가 가득 찼습니다 (7)"}));
}

TEST(SaidInBoth, WhatWasSaidInEnglishAloneStandsInBoth) {
  EXPECT_EQ(said(UserError("No.")), (Bilingual{"No.", "No."}));
  EXPECT_NE(said(std::bad_alloc()).ko.find("메모리"), std::string::npos);
}

TEST(SaidInBoth, TheSystemsReasonsAreItsOwnInEnglish) {
  EXPECT_EQ(system_reason(ENOSPC).en, "No space left on device");
  EXPECT_EQ(system_reason(ENOSPC).ko, "디스크에 남은 공간이 없습니다");
  EXPECT_EQ(system_reason(EDOM).ko, system_reason(EDOM).en);
}

}  // namespace
}  // namespace headlight
