"""BLEU and chrF of translations of held-out sentences, the likeliest token each time. Needs sacrebleu."""
import torch

from card.corpus import Tokens, read_corpus
from card.sections import config_of, context_of, korean_table, load, quoted, show, table


@torch.inference_mode()
def translated(model, tokens, texts, context):
    """Greedy; batches of texts of like length."""
    pad, results = model.config.pad_token_id, [""] * len(texts)
    ids = [one if len(one) <= context else one[:context - 1] + one[-1:] for one in tokens(texts)]
    order = sorted(range(len(texts)), key=lambda i: len(ids[i]))
    for begin in range(0, len(order), 32):
        batch = order[begin:begin + 32]
        longest = max(len(ids[i]) for i in batch)
        given = torch.tensor([ids[i] + [pad] * (longest - len(ids[i])) for i in batch])
        mask = torch.tensor([[1] * len(ids[i]) + [0] * (longest - len(ids[i])) for i in batch])
        said = model.generate(input_ids=given, attention_mask=mask, num_beams=1, do_sample=False, max_new_tokens=context - 1)
        for i, one in zip(batch, said.tolist()):
            one = one[1:]  # what starts the decoder
            results[i] = tokens.tokenizer.decode(one[:one.index(tokens.end)] if tokens.end in one else one).strip()
    return results


def translate(o):
    import sacrebleu

    config = config_of(o.config)
    corpus = read_corpus(o.config, o.corpora)
    model, tokens = load(o.model, "AutoModelForSeq2SeqLM"), Tokens(o.model, goes_on=False)
    context = min(context_of(config, o.model), model.config.max_position_embeddings)
    by_source = {}
    for document in corpus["valid"] + corpus["test"]:
        by_source.setdefault(document.source["name"], []).append(document)
    cells, examples, figures = [], [], {}
    for name, documents in by_source.items():
        documents = documents[:o.most] if o.most else documents
        said = translated(model, tokens, [document.text for document in documents], context)
        wanted = [document.target for document in documents]
        bleu, chrf = sacrebleu.corpus_bleu(said, [wanted]).score, sacrebleu.corpus_chrf(said, [wanted]).score
        exact = sum(a == b for a, b in zip(said, wanted))
        figures[name] = {"bleu": bleu, "chrf": chrf, "exact": exact, "of": len(documents)}
        cells.append([name, len(documents), f"{bleu:.1f}", f"{chrf:.1f}", f"{exact} ({100 * exact / len(documents):.0f} %)"])
        examples.append((name, [(documents[i], said[i]) for i in range(0, len(documents), max(1, len(documents) // 5))][:5]))
    rows = [[name, quoted(document.text), quoted(text), quoted(document.target)]
            for name, some in examples for document, text in some]
    show("Translation", f"Greedy; sacrebleu {sacrebleu.__version__}, its defaults. Examples at even distances, none chosen.\n\n"
         + table(["held-out source", "sentences", "BLEU", "chrF", "word for word"], cells) + "\n\n"
         + table(["source", "Korean", "this model", "a person, or the grammar"], rows),
         "번역", f"확률이 가장 높은 토큰을 차례로 고릅니다. sacrebleu {sacrebleu.__version__}의 기본 설정입니다. 예는 위에 있으며 골라낸 것은 없습니다.\n\n"
         + korean_table(["떼어 둔 글", "문장", "BLEU", "chrF", "똑같은 문장"], cells))
    return figures
