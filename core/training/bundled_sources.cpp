// Licences as their compilers declare them. Share-alike text licences are not on the list; CDLA-Sharing is,
// for it puts no obligation on results of computing with the data.
#include "core/training/bundled_sources.h"

namespace headlight {

const std::vector<BundledSource>& bundled_sources() {
  static const std::vector<BundledSource> list = {
      {"homonyms_ko.txt", "5854a9a8c9798be1740e0cce7d33035ebffd56257df4c1d80228535dadd746f9", "CC0-1.0"},
      {"nun_ko.txt", "a3c13a36cdac50f3c42f504f554b393011289c9009defa1264322c2611bf9825", "CC0-1.0"},
      {"chatbot_ko/pairs.jsonl", "4f342bdd81713aa1dbe806f107139aab56abdab8c3b8424b3d60b4bd3c65ef57", "MIT"},
      {"chatbot_ko/pairs_daily.jsonl", "6e8c00b24cae9620a9b0fcb318fe6c340f4c9775e97212a0a7d39959f414bf5e",
       "MIT"},
      {"chatbot_ko/preference_relevance.jsonl",
       "8951940e24995792aa1f07899cc33efbb1680560e9372e4d13a02196e9f41f99", "MIT"},
      {"nsmc_ko/preference_sentiment.jsonl",
       "4c3354588d65998cb11fdf0ed04fbf7481df94a1229413489d01a0309e7d9715", "CC0-1.0"},
      {"nsmc_ko/reviews_lm.txt", "11a3c3d6944bcfd3ea3188371b2c0cb32b0ddfe714cba04bd08055de938ef087",
       "CC0-1.0"},
      {"nsmc_ko/sentiment_test.jsonl", "f81f1cf38fcdb9ee74b20ee3e7f214e86ade053ef062374ecd027da2fb2a3de3",
       "CC0-1.0"},
      {"nsmc_ko/sentiment_train.jsonl", "c8e5bad90ede32a5d3bf4a03494a2c344335c4377e437deca79c5dacaa18b8b5",
       "CC0-1.0"},
      {"nsmc_ko/sentiment_valid.jsonl", "4ffed6314d897e8511986e808ee120f7d19c1d38f68e226728f1b6458a9a4e19",
       "CC0-1.0"},
      {"storybooks_ccby/pairs_koen.jsonl", "0d28e050653caa20403ded6084122aef458775cd9639150d8796a196938ba99c",
       "CC-BY-4.0"},
      {"storybooks_ccby/stories_en.jsonl", "ac54eb2f67249a138efcd3231c38c006e8b35fd07bb1bd6668f4f82a3e62d59c",
       "CC-BY-4.0"},
      {"storybooks_ccby/stories_ko.jsonl", "3dc91e21155fa5bd37e402b5005bb3c2e984521a48167eb562edec75dcbdca4d",
       "CC-BY-4.0"},
      {"synth_bilingual/pairs_train.jsonl",
       "f0cd2f7f826f27e4e33bfbe83357365cde1cf426526e97cb1d52e5c8492d844b", "CC0-1.0"},
      {"synth_bilingual/pairs_valid.jsonl",
       "5bcf16dd2ffd026394044b267edb67dbe2e591b5f0ae1006636ffd9c0fa56a39", "CC0-1.0"},
      {"synth_bilingual/preference_kindness.jsonl",
       "c80257d1e8ee50f56aa134894ad373e41c502ccf45f61ac352bf6be2eb50f540", "CC0-1.0"},
      {"synth_bilingual/preference_story.jsonl",
       "99acdc52dcb24c1d4da000a1a4af2ff66d0126e891cd2cc53c41b17d9082f39e", "CC0-1.0"},
      {"synth_bilingual/stories_train.jsonl",
       "919850ecdd3091b65dd7822081640f839242707a069785b7eac7ba1f06aca14d", "CC0-1.0"},
      {"synth_bilingual/stories_valid.jsonl",
       "61418061e7d8fdeb2f94abd2c32b6718b0db2c9962e05d96ae07bac5acf887ab", "CC0-1.0"},
      {"tatoeba_koen/test.jsonl", "6916d407998531757748af021b61f3aa1aac990120ba6f6706cecc1db6ab6599",
       "CC-BY-2.0-FR"},
      {"tatoeba_koen/train.jsonl", "1e7a7708f1e3cae15abe5cbbde32cd23d33201d7d8edbbf19308855d30ecfcbf",
       "CC-BY-2.0-FR"},
      {"tatoeba_koen/valid.jsonl", "650ec9f3eb1f069d95c5a7cb1bb46fc27fc619d9d8c02ac8b52a3da70310fb8b",
       "CC-BY-2.0-FR"},
      {"tinyshakespeare_en/input.txt", "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
       "public domain"},
      {"tinystories_en/train.jsonl", "633924905c158f8c02373efab2db218f5588061fb6ee739a54ac38cb81c18765",
       "CDLA-Sharing-1.0"},
      {"tinystories_en/valid.jsonl", "f5f0f24beedb279110d289eb8013777be40adf7fa316c1314f40bdd0de668130",
       "CDLA-Sharing-1.0"}};
  return list;
}

const BundledSource* bundled_source(std::string_view sha256) {
  for (const BundledSource& source : bundled_sources()) {
    if (source.sha256 == sha256) return &source;
  }
  return nullptr;
}

}  // namespace headlight
