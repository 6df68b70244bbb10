"""Which head of an encoder-decoder's cross-attention finds the Korean word that an English word comes from.

The words of the grammar of pairs_*.jsonl, in both languages, and the shapes that they take: an English word that stands once
in the translation is linked with the space-separated Korean word that is its word, where there is exactly one. The decoder is
given the translation of the file. A head is right at a link when the source token with the most of its weight lies in that
Korean word, its particle or ending included. Two rows of a map belong to a word: the one that predicts its first token (one
before it) and the one that has read its last token.
"""
import re

import torch

from card.corpus import Tokens, documents_of
from card.sections import KOREAN_NAMES, config_of, load, show, table

NOUNS = """
Minsu 민수, Jina 지나, Sujin 수진, Junho 준호, Haeun 하은, Doyun 도윤, Seoyeon 서연, Jiho 지호, Yuna 유나, Minji 민지, Tom 톰, Lily 릴리,
Ben 벤, Mia 미아, Sam 샘, Anna 안나, Lucy 루시, Leo 레오, Emma 에마, Max 맥스, mom 엄마, dad 아빠, grandmother 할머니, grandfather 할아버지,
friend 친구, teacher 선생님, boy 소년, girl 소녀, baby 아기, farmer 농부, doctor 의사, children 아이들,
rabbit 토끼, bear 곰, fox 여우, cat 고양이, dog 개, bird 새, mouse 쥐, mice 쥐, duck 오리, frog 개구리, squirrel 다람쥐, turtle 거북이,
elephant 코끼리, deer 사슴, tiger 호랑이, pig 돼지, lion 사자, monkey 원숭이, horse 말, cow 소, puppy 강아지, puppies 강아지,
apple 사과, banana 바나나, cookie 쿠키, strawberry 딸기, strawberries 딸기, carrot 당근, potato 감자, egg 달걀, peach 복숭아,
watermelon 수박, sandwich 샌드위치, bread 빵, rice 밥, soup 수프, cake 케이크, cheese 치즈, kimchi 김치, fish 생선, milk 우유, water 물,
tea 차, orange 오렌지, juice 주스, ball 공, hat 모자, book 책, bag 가방, kite 연, doll 인형, umbrella 우산, pencil 연필, cup 컵, box 상자,
key 열쇠, chair 의자, clock 시계, letter 편지, flower 꽃, robot 로봇, balloon 풍선, picture 그림, camera 카메라, toy 장난감,
park 공원, school 학교, home 집, garden 정원, market 시장, library 도서관, river 강가, forest 숲, beach 바닷가, kitchen 부엌,
playground 놀이터, hill 언덕, table 책상, door 문, bed 침대, tree 나무, basket 바구니, yesterday 어제, Sunday 일요일, morning 아침,
tomorrow 내일, night 어젯밤, afternoon 오후, red 빨간, blue 파란, yellow 노란, green 초록색, white 하얀, black 까만, pink 분홍색,
purple 보라색, brown 갈색, two 두, three 세, four 네, five 다섯, six 여섯, seven 일곱, eight 여덟, nine 아홉, ten 열, big 큰, small 작은,
pretty 예쁜, heavy 무거운, light 가벼운, clean 깨끗한
"""
# English shapes: Korean beginnings of the word.
VERBS = {
    "eat eats ate eating": "먹", "drink drinks drank drinking": "마시 마셔 마셨 마실", "buy buys bought buying": "사고 사지 사요 샀 살",
    "find finds found finding": "찾", "draw draws drew drawing": "그리 그려 그렸 그릴", "see sees saw seeing": "보고 보지 봐 봤 볼",
    "wash washes washed washing": "씻", "carry carries carried carrying": "나르 날라 날랐 나를", "make makes made making": "만들",
    "read reads reading": "읽", "write writes wrote writing": "쓰 써 썼 쓸", "like likes liked": "좋아하 좋아해 좋아할",
    "open opens opened opening": "열고 열지 열어 열었 열", "lose loses lost losing": "잃어버", "run runs ran running": "달리 달려 달렸 달릴",
    "play plays played playing": "놀고 놀지 놀아 놀았 놀", "sing sings sang singing": "노래하 노래해 노래했 노래할",
    "dance dances danced dancing": "춤", "sleep sleeps slept sleeping": "자고 자지 자요 잤 잘 주무", "swim swims swam swimming": "수영",
    "study studies studied studying": "공부", "walk walks walked walking": "걷 걸", "laugh laughs laughed laughing": "웃",
    "work works worked working": "일하 일해 일했 일할", "rest rests rested resting": "쉬 쉴", "wait waits waited waiting": "기다",
    "gave": "줬", "show": "보여", "went": "갔", "go": "갈", "happy": "행복", "sad": "슬퍼 슬펐 슬프", "tired": "피곤", "hungry": "배고",
    "busy": "바빠 바빴 바쁘", "kind": "친절", "brave": "용감", "sick": "아파 아팠 아프", "smart": "똑똑", "thirsty": "목마 목말", "quiet": "조용",
    "bigger": "커요", "smaller": "작아요", "faster": "빨라", "slower": "느려", "cuter": "귀여워",
}
PARTICLES = "은|는|이|가|을|를|에|에서|에게|과|와|보다|께|이에요|예요"


def shapes():
    """English word: what its Korean word looks like."""
    found = {}
    for pair in NOUNS.replace("\n", " ").split(","):
        english, korean = pair.split()
        found[english] = re.compile(rf"{korean}(?:{PARTICLES})?[.?,]?")
    for english, korean in list(found.items()):
        found.setdefault(english + ("es" if english.endswith(("s", "x", "ch", "to")) else "s"), korean)
    for english, korean in VERBS.items():
        pattern = re.compile(rf"(?:{'|'.join(korean.split())})[가-힣]*[.?,]?")
        found.update(dict.fromkeys(english.split(), pattern))
    return found


def links(source, target, known):
    """((begin, end) of an English word, (begin, end) of its Korean word)."""
    english = [(match[0], match.span()) for match in re.finditer(r"[A-Za-z]+", target)]
    korean = [(match[0], match.span()) for match in re.finditer(r"\S+", source)]
    for word, at in english:
        shape = known.get(word) or known.get(word.lower())
        if not shape or sum(other == word for other, _ in english) > 1:
            continue
        places = [place for other, place in korean if shape.fullmatch(other)]
        if len(places) == 1:
            yield at, places[0]


def covered(encoding, span):
    return [i for i, (begin, end) in enumerate(encoding.offsets) if begin < span[1] and end > span[0]]


@torch.inference_mode()
def maps_of(model, source, target):
    """Cross-attention [layer, head, query, key], the decoder's own start as query 0."""
    start = model.config.decoder_start_token_id
    output = model(input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([[start] + target]), output_attentions=True)
    return torch.stack([one[0] for one in output.cross_attentions])


def alignment(o):
    source = next(one for one in config_of(o.config)["data"]["sources"] if one["name"] == o.source)
    model, tokens = load(o.model, "AutoModelForSeq2SeqLM", attn_implementation="eager"), Tokens(o.model, goes_on=False)
    known, hits, of_chance, sentences = shapes(), {"before": [], "on": []}, [], 0
    for document in documents_of(source, o.corpora, None):
        given, said = (tokens.tokenizer.encode(text) for text in (document.text, document.target))
        pairs = [(covered(said, english), covered(given, korean))
                 for english, korean in links(document.text, document.target, known)]
        if not pairs:
            continue
        sentences += 1
        maps = maps_of(model, given.ids, said.ids)
        for places, keys in pairs:
            of_chance.append(len(keys) / len(given.ids))
            for name, row in (("before", places[0]), ("on", places[-1] + 1)):
                hits[name].append(torch.isin(maps[:, :, row].argmax(-1), torch.tensor(keys)))
    shares = {name: torch.stack(some).double().mean(0) for name, some in hits.items()}
    count, chance = len(of_chance), sum(of_chance) / len(of_chance)
    percent = lambda value: f"{100 * value:.1f} %"
    heads = range(shares["on"].shape[1])
    cells = [[f"L{layer}", *(" · ".join(percent(shares[name][layer, head]) for head in heads) for name in ("before", "on"))]
             for layer in range(len(shares["on"]))]
    best = max(((layer, head) for layer, _ in enumerate(cells) for head in heads), key=lambda at: shares["before"][at].item())
    right = round(shares["before"][best].item() * count)
    show("Alignment",
         f"{count:,} words of {sentences} sentences ({o.source}), whose Korean word a list of words tells. How often a head of the "
         f"cross-attention puts the most of its weight into that Korean word, heads 0 to {len(heads) - 1}; by chance "
         f"{percent(chance)}. The best one is layer {best[0]}, head {best[1]}: {right:,} words.\n\n"
         + table(["layer", "in the row that predicts the word", "in the row that has read it"], cells),
         "단어 맞춤",
         f"문장 {sentences}개({KOREAN_NAMES.get(o.source, o.source)})의 단어 가운데 어느 한국어 단어에서 왔는지 단어 목록으로 알 수 있는 {count:,}개를 보았습니다. 교차 어텐션의 헤드가 "
         f"그 한국어 단어에 가장 큰 가중치를 두는 비율이며(0번부터 {len(heads) - 1}번 헤드까지), 우연이면 {percent(chance)}입니다. 가장 잘 맞는 "
         f"것은 {best[0]}층 {best[1]}번 헤드로, 단어 {right:,}개를 맞혔습니다.\n\n"
         + table(["층", "그 단어를 예측하는 행", "그 단어를 읽은 행"], cells))
    return {"words": count, "sentences": sentences, "chance": chance, **{name: one.tolist() for name, one in shares.items()}}
