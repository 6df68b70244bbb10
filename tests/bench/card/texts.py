"""Samples, and whether a name is kept through a story."""
import re

from card.corpus import Tokens
from card.sections import continued, load, quoted, show, table

TEMPERATURE = 0.8

PROMPTS = {
    "en": ["Once upon a time", "One day, a little girl", "There was a big dog", "Tom and his mom", "In the morning, the",
           "Long ago, a young boy", "It was a cold winter day.", "The little bird", "\"Can I help you?\"",
           "Lily was sad because"],
    "ko": ["옛날 옛적에", "어느 날 작은", "옛날에 작은", "추운 겨울날이었어요.", "아침에", "오래전에 어린", "엄마가 말했어요.",
           "작은 새가", "이 영화는", "할머니와 나는"],
}


def samples(o):
    model, tokens = load(o.model), Tokens(o.model)
    found = {}
    for language, prompts in PROMPTS.items():
        found[language] = []
        for seed in range(1, o.count + 1):
            prompt = prompts[(seed - 1) % len(prompts)]
            ids = tokens.tokenizer.encode(prompt).ids
            drawn = continued(model, ids, o.tokens, o.temperature, seed, tokens.end)
            found[language].append((prompt, tokens.tokenizer.decode(drawn), len(drawn) < o.tokens))
    body = {language: "\n".join(f"{i}. **{quoted(prompt)}** {quoted(text)}{'' if ended else ' …'}"
                                for i, (prompt, text, ended) in enumerate(all_, 1)) for language, all_ in found.items()}
    how = f"temperature {o.temperature}, seeds 1 to {o.count}, nothing chosen by hand"
    show("Samples", f"What is given is bold; {how}; … where {o.tokens} tokens were reached.\n\n### English\n\n{body['en']}"
         f"\n\n### Korean\n\n{body['ko']}",
         "예문", f"굵은 글씨는 넣어 준 부분입니다. 온도 {o.temperature}, 시드 1부터 {o.count}까지이며 골라낸 것은 없습니다. 예문은 위에 있습니다.")
    return found


# Who the stories are about: names that stand in the texts of both languages. (English, Korean, girl)
CHILDREN = [("Lily", "릴리", 1), ("Tom", "톰", 0), ("Mia", "미아", 1), ("Ben", "벤", 0), ("Lucy", "루시", 1), ("Max", "맥스", 0),
            ("Emma", "에마", 1), ("Sam", "샘", 0), ("Anna", "안나", 1), ("Jack", "잭", 0), ("Amy", "에이미", 1), ("Tim", "팀", 0),
            ("Sara", "세라", 1), ("Leo", "레오", 0), ("Yuna", "유나", 1), ("Minsu", "민수", 0), ("Seoyeon", "서연", 1),
            ("Junho", "준호", 0), ("Jisu", "지수", 1), ("Jiho", "지호", 0), ("Haeun", "하은", 1), ("Taeho", "태호", 0),
            ("Minji", "민지", 1), ("Doyun", "도윤", 0), ("Sujin", "수진", 1)]
# Who may come in: those, the animals of the plan stories, and the names that the children's stories introduce most often.
OTHERS = {
    "en": "Jina Toto Coco Momo Bobo Kiki Nini Lulu Dodo Mimi Bibi Popo Rara Toby Rosie Sunny Dami Byeol Dudu Timmy Jane Sue "
          "Sarah Bob Spot Benny Joe Sally John Daisy Kitty Molly Tweety Fluffy Mary Pete Andy Jill Billy Mittens Jake Polly "
          "Bobby Alice Fin Emily Bella Grace Fred Remy Sophie Alex Sammy Jim Nemo Lisa Ducky Danny Lila Teddy Susie George "
          "Annie Ella Kate Frank Mike Nick Peter Tommy Jimmy Johnny".split(),
    "ko": "지나 토토 코코 모모 보보 키키 니니 루루 도도 미미 비비 포포 라라 토비 로지 써니 다미 두두 티미".split(),
}
# Two openings a language that the plan stories have, three that they have not.
OPENINGS = {
    "en": ["Once upon a time, there was a little {girl} named {name}.",
           "There was a young {girl} named {name} in a small village.",
           "One day, a {girl} named {name} went to the park.", "{name} was a happy little {girl}.",
           "It was raining, and a little {girl} named {name} was at home."],
    "ko": ["옛날에 {name} 작은 {girl} 살았어요.", "작은 마을에 {name} 어린 {girl} 있었어요.", "어느 날 {name} {girl} 공원에 갔어요.",
           "바닷가에 {name} 착한 {girl} 살고 있었어요.", "비가 오는 날, {name} {girl} 집에 있었어요."],
}
PARTICLES = ("은 는 이 가 을 를 의 에게 에게서 와 과 랑 하고 도 야 아 께 한테 만 처럼 보다 네 라는 라고 예요 였어요 이에요 이었어요").split()


def opening(form, child, language):
    english, korean, is_girl = child
    if language == "en":
        return form.format(name=english, girl="girl" if is_girl else "boy")
    closed = (ord(korean[-1]) - 0xAC00) % 28 > 0
    return form.format(name=korean + ("이라는" if closed else "라는"), girl="소녀가" if is_girl else "소년이")


def places(name, text, language):
    """Where a name stands as a word; in Korean alone, or with 이 and a particle behind it."""
    if language == "en":
        pattern = rf"\b{name}\b"
    else:
        pattern = rf"(?<![가-힣]){name}이?(?:{'|'.join(PARTICLES)})?(?![가-힣])"
    return [match.start() for match in re.finditer(pattern, text)]


def is_kept(name, story, language, as_often=2):
    """The name stands in the story again, and each other name of the list that comes in stands there at most twice as often,
    and the first name once more behind the place where that one came in."""
    own = places(name, story, language)
    if not own:
        return False, ["(never again)"]
    known = [child[0 if language == "en" else 1] for child in CHILDREN] + OTHERS[language]
    others = {other: found for other in known if other != name and (found := places(other, story, language))}
    wrong = [other for other, found in others.items() if len(found) > as_often * len(own) or own[-1] < found[0]]
    return not wrong, wrong


def names(o):
    model, tokens = load(o.model), Tokens(o.model)
    rows, stories, strictly = [], [], 0
    for column, language in enumerate(("en", "ko")):
        kept_by_form = [0] * len(OPENINGS[language])
        for i, child in enumerate(CHILDREN):
            form = i % len(OPENINGS[language])
            begin = opening(OPENINGS[language][form], child, language)
            ids = tokens.tokenizer.encode(begin).ids
            text = tokens.tokenizer.decode(continued(model, ids, 256, o.temperature, o.seed + i, tokens.end))
            kept, wrong = is_kept(child[column], text, language)
            kept_by_form[form] += kept
            strictly += is_kept(child[column], text, language, as_often=1)[0]
            stories.append({"language": language, "begin": begin, "story": text, "kept": kept, "wrong": wrong})
        rows.append([language, f"{sum(kept_by_form)} of {len(CHILDREN)}", ", ".join(map(str, kept_by_form))])
    kept = sum(story["kept"] for story in stories)
    share = f"{kept} of {len(stories)} ({100 * kept / len(stories):.0f} %)"
    if o.show:
        for story in stories:
            print(f"<!-- {'kept' if story['kept'] else 'LOST to ' + ', '.join(story['wrong'])}: {story['begin']} |"
                  f" {quoted(story['story'])} -->")
    english = (f"Stories of up to 256 tokens, temperature {o.temperature}, that begin with a sentence about a child with a name. "
               "Kept: the name comes again, no other name comes more than twice as often, and after another name has come in, "
               f"the first one comes once more. Kept in {share}; if no other name may come more often at all, in {strictly}.")
    korean = (f"이름이 있는 아이를 소개하는 문장으로 시작해 256토큰까지 이어 쓴 이야기입니다(온도 {o.temperature}). 그 이름이 다시 나오고, "
              "두 배 넘게 자주 나오는 다른 이름이 없고, 다른 이름이 나온 뒤에도 처음 이름이 다시 나오면 이름을 지킨 것으로 봅니다. "
              f"이야기 {len(stories)}편 가운데 {kept}편({100 * kept / len(stories):.0f} %)에서 지켰습니다. "
              f"다른 이름이 조금도 더 자주 나오면 안 된다고 보면 {strictly}편입니다.")
    show("Names", english + "\n\n" + table(["language", "kept", "by opening, of 5 each"], rows), "이름", korean)
    return {"kept": kept, "strictly": strictly, "of": len(stories), "stories": stories}
