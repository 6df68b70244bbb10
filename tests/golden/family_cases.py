"""The small configurations of make_families.py: for each family one, and others with the optional parts flipped.

`older` cases get the config.json and the tensor names of files from before transformers 5; `spelling` in
golden.json repeats which.
"""
import dataclasses

import transformers


@dataclasses.dataclass
class Case:
    name: str
    model: str                  # transformers' class
    config: dict                # its configuration's arguments
    covers: str
    dtype: str = "float32"      # of the stored weights
    older: bool = False         # config.json and tensor names as before transformers 5
    embed_std: float = 0.8      # of the random token embeddings
    scale: float = 1.5          # of the random matrices, times 1 / sqrt(inputs)
    drop: tuple = ()            # fields left out of an older config.json, so that their default matters
    add: dict = dataclasses.field(default_factory=dict)  # fields that only older files have
    # sentence encoders: (pooling, normalize)
    sentence: tuple = None

    def build(self):
        model_class = getattr(transformers, self.model)
        arguments = {"pooler": False} if self.model == "BertModel" and not self.config.get("pooler", True) else {}
        config = model_class.config_class(**{key: value for key, value in self.config.items() if key != "pooler"})
        config._attn_implementation = "eager"
        if arguments:
            return model_class(config, add_pooling_layer=False)
        return model_class(config)


V = 48  # tokens
GPT2 = dict(vocab_size=V, n_positions=32, n_embd=16, n_layer=2, n_head=4, bos_token_id=1, eos_token_id=2)
NEOX = dict(vocab_size=V, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24,
            max_position_embeddings=32, bos_token_id=1, eos_token_id=2)
LLAMA = dict(vocab_size=V, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=32, bos_token_id=1, eos_token_id=2)
# Two heads of 8: four frequencies, so that every regime of a scaling has one.
LLAMA_8 = LLAMA | dict(num_attention_heads=2, num_key_value_heads=1)
QWEN = LLAMA | dict(bos_token_id=None)
GEMMA = dict(vocab_size=V, hidden_size=16, intermediate_size=24, num_hidden_layers=3, num_attention_heads=4,
             num_key_value_heads=2, head_dim=6, max_position_embeddings=32)
BERT = dict(vocab_size=V, hidden_size=16, num_hidden_layers=2, num_attention_heads=4, intermediate_size=24,
            max_position_embeddings=24, type_vocab_size=2)
ROBERTA = BERT | dict(max_position_embeddings=28, pad_token_id=1, bos_token_id=0, eos_token_id=2)
DISTILBERT = dict(vocab_size=V, dim=16, n_layers=2, n_heads=4, hidden_dim=24, max_position_embeddings=24)
T5 = dict(vocab_size=V, d_model=16, d_kv=6, d_ff=24, num_layers=2, num_heads=4, relative_attention_num_buckets=8,
          relative_attention_max_distance=12, decoder_start_token_id=0)
BART = dict(vocab_size=V, d_model=16, encoder_ffn_dim=24, decoder_ffn_dim=20, encoder_attention_heads=4,
            decoder_attention_heads=2, max_position_embeddings=24)
MARIAN = BART | dict(pad_token_id=V - 1, decoder_start_token_id=V - 1, eos_token_id=0, forced_eos_token_id=0)

CASES = [
    # GPT-2
    Case("gpt2_tied", "GPT2LMHeadModel", GPT2 | dict(n_inner=40, activation_function="gelu_new"),
         "tied output, MLP of n_inner, gelu_new"),
    Case("gpt2_untied_relu", "GPT2LMHeadModel",
         GPT2 | dict(n_head=2, activation_function="relu", tie_word_embeddings=False, layer_norm_epsilon=1e-2,
                     scale_attn_by_inverse_layer_idx=True),
         "own output matrix, MLP of 4 d_model by default, relu, scores divided by layer + 1, large norm epsilon",
         older=True),
    Case("gpt2_unscaled_gelu", "GPT2LMHeadModel",
         GPT2 | dict(n_inner=24, activation_function="gelu", scale_attn_weights=False),
         "exact gelu, scores without 1/sqrt(d_head)", scale=1.0),
    # GPT-NeoX
    Case("gpt_neox_parallel", "GPTNeoXForCausalLM",
         NEOX | dict(hidden_size=32, rotary_pct=0.25, use_parallel_residual=True, hidden_act="gelu"),
         "attention and MLP side by side, a quarter of the head turns, biases, own output matrix, exact gelu, F16 "
         "weights", dtype="float16", older=True),
    Case("gpt_neox_sequential", "GPTNeoXForCausalLM",
         NEOX | dict(num_attention_heads=4, rope_parameters=dict(rope_type="default", rope_theta=100.0,
                                                                 partial_rotary_factor=1.0),
                     use_parallel_residual=False, attention_bias=False, tie_word_embeddings=True,
                     layer_norm_eps=1e-2),
         "one after the other, whole heads turn, no attention biases, tied, base 100, large norm epsilon"),
    # Llama
    Case("llama_grouped", "LlamaForCausalLM", LLAMA | dict(rms_norm_eps=1e-5),
         "grouped heads, own output matrix, F16 weights", dtype="float16", older=True, drop=("head_dim",)),
    Case("llama_biases_linear", "LlamaForCausalLM",
         LLAMA | dict(num_key_value_heads=4, attention_bias=True, mlp_bias=True, tie_word_embeddings=True,
                      rms_norm_eps=1e-2, rope_parameters=dict(rope_type="linear", rope_theta=500.0, factor=2.5)),
         "as many key/value heads as heads, biases in attention and MLP, tied, linear scaling, large norm epsilon",
         older=True),
    Case("llama_dynamic", "LlamaForCausalLM",
         LLAMA_8 | dict(max_position_embeddings=12, hidden_act="gelu",
                        rope_parameters=dict(rope_type="dynamic", rope_theta=100.0, factor=4.0)),
         "dynamic scaling: the base grows once the text is longer than max_position_embeddings (12); exact gelu"),
    Case("llama_yarn", "LlamaForCausalLM",
         LLAMA_8 | dict(max_position_embeddings=1024, head_dim=12,
                        rope_parameters=dict(rope_type="yarn", rope_theta=100.0, factor=4.0, beta_fast=8.0,
                                             beta_slow=1.0, original_max_position_embeddings=256)),
         "YaRN with its own scale of cos and sin, heads wider than d_model / heads", older=True),
    Case("llama_llama3", "LlamaForCausalLM",
         LLAMA_8 | dict(max_position_embeddings=256, tie_word_embeddings=True,
                        rope_parameters=dict(rope_type="llama3", rope_theta=100.0, factor=8.0, low_freq_factor=1.0,
                                             high_freq_factor=4.0, original_max_position_embeddings=32)),
         "llama3 scaling with a frequency kept, one between and two divided; tied"),
    # Mistral
    Case("mistral_window", "MistralForCausalLM", LLAMA | dict(sliding_window=5, rms_norm_eps=1e-5),
         "sliding window of 5", older=True, drop=("head_dim",)),
    Case("mistral_full", "MistralForCausalLM",
         LLAMA | dict(num_attention_heads=2, num_key_value_heads=1, head_dim=6, sliding_window=None,
                      tie_word_embeddings=True),
         "no window, head_dim 6 of d_model 16, tied"),
    # Qwen
    Case("qwen2_plain", "Qwen2ForCausalLM", QWEN | dict(tie_word_embeddings=True),
         "biases on q, k and v, tied, sliding_window given but not used", older=True,
         add={"sliding_window": 4, "max_window_layers": 1}),
    Case("qwen2_window", "Qwen2ForCausalLM",
         QWEN | dict(num_hidden_layers=3, use_sliding_window=True, sliding_window=4, max_window_layers=1,
                     rope_parameters=dict(rope_type="default", rope_theta=1e6)),
         "full attention in layer 0, a window of 4 from layer max_window_layers on, own output matrix, BF16 weights",
         dtype="bfloat16"),
    Case("qwen3_plain", "Qwen3ForCausalLM", QWEN | dict(head_dim=8, tie_word_embeddings=True),
         "q and k norms, head_dim 8 of d_model 16, tied"),
    Case("qwen3_biases_window", "Qwen3ForCausalLM",
         QWEN | dict(head_dim=6, attention_bias=True, use_sliding_window=True, sliding_window=5, max_window_layers=1,
                     rms_norm_eps=1e-2, max_position_embeddings=1024,
                     rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, beta_fast=8.0,
                                          attention_factor=1.25, truncate=False,
                                          original_max_position_embeddings=256)),
         "q and k norms, attention biases, a window from layer max_window_layers (1) on, own output matrix, YaRN with "
         "attention_factor and without truncation", older=True),
    # Gemma
    Case("gemma2_capped", "Gemma2ForCausalLM",
         GEMMA | dict(query_pre_attn_scalar=6, attn_logit_softcapping=5.0, final_logit_softcapping=4.0,
                      sliding_window=4),
         "both soft-caps, local and global layers, embedding scale, tied", older=True, embed_std=0.3),
    Case("gemma2_uncapped", "Gemma2ForCausalLM",
         GEMMA | dict(query_pre_attn_scalar=10, attn_logit_softcapping=None, final_logit_softcapping=None,
                      sliding_window=3, tie_word_embeddings=False, hidden_activation="gelu",
                      layer_types=["full_attention", "sliding_attention", "full_attention"],
                      rope_parameters=dict(rope_type="default", rope_theta=100.0)),
         "no soft-caps, scores scaled by another number than the head size, global layers 0 and 2, untied",
         embed_std=0.3),
    Case("gemma3_plain", "Gemma3ForCausalLM",
         GEMMA | dict(query_pre_attn_scalar=9, sliding_window=4, sliding_window_pattern=2,
                      rope_parameters=dict(full_attention=dict(rope_type="default", rope_theta=500.0),
                                           sliding_attention=dict(rope_type="default", rope_theta=20.0))),
         "q and k norms, every second layer global with its own rotary base, a score scale other than the head size's, "
         "BF16 weights", dtype="bfloat16",
         older=True, embed_std=0.3),
    Case("gemma3_linear", "Gemma3ForCausalLM",
         GEMMA | dict(query_pre_attn_scalar=6, sliding_window=3, rms_norm_eps=1e-2, final_logit_softcapping=6.0,
                      layer_types=["sliding_attention", "sliding_attention", "full_attention"],
                      rope_parameters=dict(full_attention=dict(rope_type="linear", rope_theta=500.0, factor=8.0),
                                           sliding_attention=dict(rope_type="default", rope_theta=20.0))),
         "linear scaling in the global layer only, a final soft-cap, large norm epsilon", embed_std=0.3),
    # BERT, RoBERTa, DistilBERT
    Case("bert_masked", "BertForMaskedLM", BERT | dict(hidden_act="gelu"),
         "masked-LM head, norm parameters under their first names (gamma, beta)", older=True, add={
             "gradient_checkpointing": False, "position_embedding_type": "absolute"}),
    Case("bert_classes", "BertForSequenceClassification",
         BERT | dict(hidden_act="relu", num_labels=3, layer_norm_eps=1e-2, num_attention_heads=2),
         "pooler and classifier with 3 labels, relu, large norm epsilon, F16 weights", dtype="float16"),
    Case("bert_plain", "BertModel", BERT | dict(hidden_act="gelu_new", type_vocab_size=1, pooler=False),
         "no head and no pooler, one token type"),
    Case("roberta_masked", "RobertaForMaskedLM", ROBERTA | dict(type_vocab_size=1, layer_norm_eps=1e-5),
         "masked-LM head, positions from pad_token_id + 1 on", older=True),
    Case("roberta_classes", "RobertaForSequenceClassification",
         ROBERTA | dict(hidden_act="relu", num_labels=2, pad_token_id=3),
         "two-layer classification head, relu in the blocks, positions from 4 on"),
    Case("distilbert_masked", "DistilBertForMaskedLM", DISTILBERT | dict(activation="gelu"),
         "masked-LM head", older=True, add={"tie_weights_": True}),
    Case("distilbert_classes", "DistilBertForSequenceClassification",
         DISTILBERT | dict(activation="relu", n_heads=2, num_labels=4, sinusoidal_pos_embds=True),
         "classification head with relu, sinusoidal positions (stored in the file)"),
    Case("sentence_mean", "BertModel", BERT | dict(hidden_act="gelu"),
         "sentence encoder: mean pooling, then unit length; a pooler that is not used; position_ids in the file",
         older=True, sentence=("mean", True)),
    Case("sentence_cls", "BertModel", BERT | dict(hidden_act="relu", num_attention_heads=2, pooler=False),
         "sentence encoder: the first position, not normalised", sentence=("cls", False)),
    # Encoder-decoders
    Case("t5_relu", "T5ForConditionalGeneration", T5 | dict(feed_forward_proj="relu", num_decoder_layers=1),
         "relative position buckets, relu, tied output scaled by d_model^-0.5, other decoder depth", older=True,
         scale=1.0, embed_std=1.5, drop=("dense_act_fn", "is_gated_act", "tie_word_embeddings")),
    Case("t5_gated", "T5ForConditionalGeneration",
         T5 | dict(feed_forward_proj="gated-gelu", tie_word_embeddings=False, layer_norm_epsilon=1e-2, num_heads=2),
         "v1.1: gated gelu, own output matrix, not scaled", scale=1.0),
    Case("bart_scaled_relu", "BartForConditionalGeneration",
         BART | dict(encoder_layers=1, decoder_layers=2, scale_embedding=True, activation_function="relu"),
         "embedding scale, relu, one encoder and two decoder layers, final_logits_bias", embed_std=0.3),
    Case("bart_gelu", "BartForConditionalGeneration",
         BART | dict(encoder_layers=2, decoder_layers=1, scale_embedding=False, activation_function="gelu"),
         "no embedding scale, gelu, two encoder and one decoder layer, stored as BartModel without final_logits_bias",
         older=True),
    Case("marian_shared", "MarianMTModel",
         MARIAN | dict(encoder_layers=2, decoder_layers=1, scale_embedding=True, activation_function="swish"),
         "sinusoidal positions (not stored), swish, embedding scale, final_logits_bias", older=True, embed_std=0.3,
         add={"static_position_embeddings": True, "normalize_before": False, "normalize_embedding": False,
              "add_final_layer_norm": False, "add_bias_logits": False}),
    Case("marian_separate", "MarianMTModel",
         MARIAN | dict(encoder_layers=1, decoder_layers=2, scale_embedding=False, activation_function="relu",
                       share_encoder_decoder_embeddings=False, decoder_vocab_size=40, decoder_start_token_id=39,
                       pad_token_id=39),
         "encoder and decoder vocabularies apart (48 and 40), relu, no embedding scale"),
    # Blocks of attention alone; at the end, because a case's seed is its place
    Case("llama_attention_only", "LlamaForCausalLM",
         LLAMA | dict(intermediate_size=0, num_key_value_heads=4, tie_word_embeddings=True),
         "no MLP: blocks of attention alone"),
]
