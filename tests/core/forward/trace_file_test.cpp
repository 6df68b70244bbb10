// Traces written as .npz, .safetensors and .json, read back by readers that share nothing with the writers.
#include "core/forward/trace_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zip.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/base/errors.h"
#include "core/forward/derived_values.h"
#include "core/forward/forward_pass.h"
#include "tests/core/golden/family_models.h"
#include "tests/core/source_dir.h"

namespace headlight {
namespace {

struct Array {
  std::string type;
  Shape shape;
  std::string bytes;

  template <typename Value>
  std::vector<Value> as() const {
    std::vector<Value> values(bytes.size() / sizeof(Value));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(Value));
    return values;
  }
};
using Arrays = std::map<std::string, Array>;

std::string file_bytes(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Arrays read_safetensors(const std::string& path) {
  const std::string file = file_bytes(path);
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  EXPECT_EQ(length % 8, 0U);
  const std::string values = file.substr(8 + length);
  Arrays arrays;
  std::size_t end = 0;
  const nlohmann::json header = nlohmann::json::parse(file.substr(8, length));
  for (const auto& [name, entry] : header.items()) {
    const auto offsets = entry.at("data_offsets").get<std::vector<std::size_t>>();
    arrays[name] = {entry.at("dtype") == "I64" ? "<i8" : "<f4", entry.at("shape").get<Shape>(),
                    values.substr(offsets[0], offsets[1] - offsets[0])};
    end = std::max(end, offsets[1]);
  }
  EXPECT_EQ(end, values.size());
  return arrays;
}

Array parse_npy(const std::string& bytes) {
  EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
  const std::size_t length =
      static_cast<unsigned char>(bytes[8]) + 256U * static_cast<unsigned char>(bytes[9]);
  EXPECT_EQ((10 + length) % 64, 0U);
  const std::string header = bytes.substr(10, length);
  EXPECT_EQ(header.back(), '\n');
  EXPECT_NE(header.find("'fortran_order': False"), std::string::npos);
  Array array;
  array.type = header.substr(header.find("'descr': '") + 10, 3);
  const std::size_t open = header.find('(');
  std::string axes = header.substr(open + 1, header.find(')') - open - 1);
  for (std::size_t comma = axes.find(','); comma != std::string::npos; comma = axes.find(',')) {
    array.shape.push_back(std::stoll(axes.substr(0, comma)));
    axes.erase(0, comma + 1);
  }
  array.bytes = bytes.substr(10 + length);
  return array;
}

Arrays read_npz(const std::string& path) {
  int error = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_RDONLY | ZIP_CHECKCONS, &error);
  EXPECT_NE(archive, nullptr);
  Arrays arrays;
  for (zip_int64_t i = 0; archive != nullptr && i < zip_get_num_entries(archive, 0); ++i) {
    zip_stat_t stat;
    zip_stat_index(archive, static_cast<zip_uint64_t>(i), 0, &stat);
    EXPECT_EQ(stat.comp_method, ZIP_CM_STORE);
    std::string bytes(stat.size, '\0');
    zip_file_t* file = zip_fopen_index(archive, static_cast<zip_uint64_t>(i), 0);
    EXPECT_EQ(zip_fread(file, bytes.data(), stat.size), static_cast<zip_int64_t>(stat.size));
    EXPECT_EQ(zip_fclose(file), 0);  // checks the CRC
    std::string name = stat.name;
    EXPECT_TRUE(name.ends_with(".npy"));
    arrays[name.substr(0, name.size() - 4)] = parse_npy(bytes);
  }
  if (archive != nullptr) zip_discard(archive);
  return arrays;
}

// Flattens nested lists and checks that every list of one axis has the same length.
void flatten(const nlohmann::json& value, std::size_t axis, Shape& shape, std::vector<float>& out) {
  if (value.is_array()) {
    const auto length = static_cast<std::int64_t>(value.size());
    if (axis == shape.size()) shape.push_back(length);
    ASSERT_EQ(shape.at(axis), length);
    for (const nlohmann::json& part : value) flatten(part, axis + 1, shape, out);
  } else if (value.is_string()) {
    out.push_back(value == "-inf" ? -INFINITY : value == "inf" ? INFINITY : std::nanf(""));
  } else {
    out.push_back(value.get<float>());
  }
}

class TraceFile : public testing::Test {
 protected:
  void SetUp() override {
    const testing::TestInfo* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              fmt::format("headlight_trace_file_{}_{}", test->name(), getpid());
    std::filesystem::create_directories(folder_);
    const auto model = load_model(source_dir() + "/tests/golden/tiny_llama_wide.gguf", "tiny_llama_wide");
    request_.tokens = {5, 9, 5, 70, 31};
    request_.capture.attention_scores = true;
    trace_ = run_forward(model, *backend_, request_);
    request_.capture.attention_maps = false;
    trace_without_maps_ = run_forward(model, *backend_, request_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }

  std::int64_t files_in_folder() const {
    return std::distance(std::filesystem::directory_iterator(folder_), std::filesystem::directory_iterator());
  }

  // Every hook of every layer is there, and its values are those of the trace, bit by bit.
  void expect_everything(const Arrays& arrays) const {
    std::size_t count = 1;
    ASSERT_TRUE(arrays.contains("tokens"));
    EXPECT_EQ(arrays.at("tokens").type, "<i8");
    EXPECT_EQ(arrays.at("tokens").shape, Shape{5});
    EXPECT_EQ(arrays.at("tokens").as<std::int64_t>(), (std::vector<std::int64_t>{5, 9, 5, 70, 31}));
    for (const HookInfo& info : all_hooks()) {
      if (!has_hook(info.hook, trace_->model().architecture)) continue;
      const std::int64_t layers = info.in_block ? trace_->model().architecture.layers : 1;
      for (std::int64_t layer = 0; layer < layers; ++layer, ++count) {
        const std::string name = hook_name(info.hook, layer);
        ASSERT_TRUE(arrays.contains(name)) << name;
        const Tensor expected = trace_->at(info.hook, layer);
        EXPECT_EQ(arrays.at(name).type, "<f4");
        EXPECT_EQ(arrays.at(name).shape, expected.shape()) << name;
        ASSERT_EQ(arrays.at(name).bytes.size(), expected.values().size_bytes()) << name;
        EXPECT_EQ(std::memcmp(arrays.at(name).bytes.data(), expected.data(), expected.values().size_bytes()),
                  0)
            << name;
      }
    }
    EXPECT_EQ(arrays.size(), count);
  }

  std::filesystem::path folder_;
  std::unique_ptr<Backend> backend_ = make_reference_backend();
  ForwardRequest request_;
  std::shared_ptr<const Trace> trace_, trace_without_maps_;
};

TEST_F(TraceFile, CsvHoldsEveryValueBehindItsPlace) {
  write_trace(*trace_, path("t.csv"), "*");
  std::ifstream stream(path("t.csv"));
  Arrays arrays;
  std::map<std::string, std::vector<double>> numbers;
  std::string line;
  ASSERT_TRUE(std::getline(stream, line));
  EXPECT_EQ(line, "name,axis_0,axis_1,axis_2,value");
  while (std::getline(stream, line)) {
    std::istringstream cells(line);
    std::string name, cell;
    std::getline(cells, name, ',');
    Array& array = arrays[name];
    std::int64_t flat = 0;  // of a box that ends at this place: it must be the number of values so far
    Shape place;
    for (int axis = 0; axis < 3; ++axis) {
      std::getline(cells, cell, ',');
      if (!cell.empty()) place.push_back(std::stoll(cell));
    }
    array.shape.resize(std::max(array.shape.size(), place.size()), 0);
    for (std::size_t axis = 0; axis < place.size(); ++axis)
      array.shape[axis] = std::max(array.shape[axis], place[axis] + 1);
    for (std::size_t axis = 0; axis < place.size(); ++axis) flat = flat * array.shape[axis] + place[axis];
    std::getline(cells, cell);
    numbers[name].push_back(std::strtod(cell.c_str(), nullptr));
    EXPECT_LT(flat, static_cast<std::int64_t>(numbers[name].size())) << line;
  }
  for (auto& [name, array] : arrays) {
    array.type = name == "tokens" ? "<i8" : "<f4";
    const std::vector<std::int64_t> whole(numbers[name].begin(), numbers[name].end());
    const std::vector<float> values(numbers[name].begin(), numbers[name].end());
    if (name == "tokens") {
      array.bytes.assign(reinterpret_cast<const char*>(whole.data()), whole.size() * 8);
    } else {
      array.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size() * 4);
    }
  }
  expect_everything(arrays);
}

TEST_F(TraceFile, SafetensorsHoldsEveryValue) {
  write_trace(*trace_, path("t.safetensors"), "*");
  expect_everything(read_safetensors(path("t.safetensors")));
}

TEST_F(TraceFile, NpzHoldsEveryValue) {
  write_trace(*trace_, path("t.npz"), "*");
  expect_everything(read_npz(path("t.npz")));
}

TEST_F(TraceFile, JsonHoldsEveryValue) {
  write_trace(*trace_, path("t.json"), "*");
  std::ifstream stream(path("t.json"));
  Arrays arrays;
  const nlohmann::json file = nlohmann::json::parse(stream);
  for (const auto& [name, value] : file.items()) {
    Array array;
    std::vector<float> values;
    flatten(value, 0, array.shape, values);
    array.type = name == "tokens" ? "<i8" : "<f4";
    if (name == "tokens") {
      const std::vector<std::int64_t> whole(values.begin(), values.end());
      array.bytes.assign(reinterpret_cast<const char*>(whole.data()), whole.size() * 8);
    } else {
      array.bytes.assign(reinterpret_cast<const char*>(values.data()), values.size() * 4);
    }
    arrays[name] = array;
  }
  expect_everything(arrays);
  EXPECT_EQ(file.at("blocks.0.attn.hook_attn_scores")[0][0][1], "-inf");
}

TEST_F(TraceFile, DerivesAttentionMapsThatWereNotKept) {
  ASSERT_FALSE(trace_without_maps_->has(Hook::pattern, 1));
  write_trace(*trace_without_maps_, path("t.npz"),
              "blocks.1.attn.hook_pattern,blocks.1.attn.hook_attn_scores");
  const Arrays arrays = read_npz(path("t.npz"));
  ASSERT_EQ(arrays.size(), 3U);
  for (const Hook hook : {Hook::pattern, Hook::attn_scores}) {
    const Tensor expected = trace_->at(hook, 1);
    const std::vector<float> values = arrays.at(hook_name(hook, 1)).as<float>();
    ASSERT_EQ(arrays.at(hook_name(hook, 1)).shape, expected.shape());
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isinf(expected.values()[i])) {
        EXPECT_EQ(values[i], expected.values()[i]);
      } else {
        EXPECT_NEAR(values[i], expected.values()[i],
                    1e-5);  // both round once to float32; scores are below 20
      }
    }
  }
}

TEST_F(TraceFile, GlobChooses) {
  write_trace(*trace_, path("t.safetensors"), "blocks.*.hook_resid_post,logits");
  const Arrays arrays = read_safetensors(path("t.safetensors"));
  ASSERT_EQ(arrays.size(), 4U);
  EXPECT_TRUE(arrays.contains("blocks.0.hook_resid_post"));
  EXPECT_TRUE(arrays.contains("blocks.1.hook_resid_post"));
  EXPECT_TRUE(arrays.contains("logits"));
  EXPECT_TRUE(arrays.contains("tokens"));
}

TEST_F(TraceFile, SameTraceGivesTheSameBytes) {
  for (const char* name : {"a.npz", "a.safetensors", "a.json", "a.csv"}) {
    write_trace(*trace_, path(name), "*");
    write_trace(*trace_, path(std::string("b") + name), "*");
    EXPECT_EQ(file_bytes(path(name)), file_bytes(path(std::string("b") + name))) << name;
  }
}

std::string refusal(const Trace& trace, const std::string& path, const std::string& glob) {
  try {
    write_trace(trace, path, glob);
  } catch (const UserError& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST_F(TraceFile, RefusesInWords) {
  const std::string other = refusal(*trace_, path("t.txt"), "*");
  for (const char* format : {"t.txt", ".npz", ".safetensors", ".json", ".csv"}) {
    EXPECT_NE(other.find(format), std::string::npos) << other;
  }
  const std::string nothing = refusal(*trace_, path("t.npz"), "blocks.7.*");
  EXPECT_NE(nothing.find("'blocks.7.*'"), std::string::npos) << nothing;
  EXPECT_NE(nothing.find("blocks.1.hook_resid_post"), std::string::npos) << nothing;
  for (const char* name : {"missing/t.npz", "missing/t.safetensors", "missing/t.json", "missing/t.csv"}) {
    const std::string missing = refusal(*trace_, path(name), "*");
    EXPECT_NE(missing.find("Cannot write"), std::string::npos) << missing;
    EXPECT_NE(missing.find("No such file"), std::string::npos) << missing;
  }
  std::filesystem::create_directory(path("d.npz"));
  EXPECT_NE(refusal(*trace_, path("d.npz"), "*").find("directory"), std::string::npos);
  EXPECT_EQ(files_in_folder(), 1);  // nothing half-done is left beside the directory
}

TEST_F(TraceFile, ReplacesAnOlderFileWhole) {
  std::ofstream(path("t.npz")) << "something else";
  write_trace(*trace_, path("t.npz"), "logits");
  EXPECT_EQ(read_npz(path("t.npz")).size(), 2U);
  EXPECT_EQ(files_in_folder(), 1);
}

// Both stacks of an encoder-decoder, each under its name, with both texts; maps that were not kept are
// derived.
TEST_F(TraceFile, HoldsBothStacksOfAnEncoderDecoder) {
  const GoldenCase golden = golden_of_family("t5_gated").cases.back();
  ForwardRequest request;
  request.capture.attention_scores = true;
  request.tokens = golden.ids;
  request.source_tokens = golden.source_ids;
  request.capture.attention_maps = false;
  const auto trace = run_forward(load_family("t5_gated"), *make_reference_backend(), request);
  const std::string path = testing::TempDir() + "both_stacks.safetensors";
  write_trace(*trace, path, "*");
  const Arrays arrays = read_safetensors(path);
  EXPECT_EQ(arrays.at("tokens").as<std::int64_t>(),
            std::vector<std::int64_t>(golden.ids.begin(), golden.ids.end()));
  EXPECT_EQ(arrays.at("source_tokens").as<std::int64_t>(),
            std::vector<std::int64_t>(golden.source_ids.begin(), golden.source_ids.end()));
  std::size_t expected = 2;
  for (const Trace* each : {trace->source().get(), trace.get()}) {
    const ArchitectureDescription& a = each->model().architecture;
    for (const HookInfo& info : all_hooks()) {
      if (has_hook(info.hook, a)) expected += static_cast<std::size_t>(info.in_block ? a.layers : 1);
    }
  }
  EXPECT_EQ(arrays.size(), expected);
  const auto queries = static_cast<std::int64_t>(golden.ids.size()),
             keys = static_cast<std::int64_t>(golden.source_ids.size());
  const std::int64_t heads = trace->model().architecture.heads;
  const Array& cross = arrays.at("decoder.blocks.1.cross_attn.hook_pattern");
  EXPECT_EQ(cross.shape, (Shape{heads, queries, keys}));
  const Tensor derived = head_pattern(*trace, 1, heads - 1, true);
  const std::vector<float> values = cross.as<float>();
  EXPECT_TRUE(std::equal(derived.values().begin(), derived.values().end(), values.end() - queries * keys));
  EXPECT_EQ(arrays.at("encoder.blocks.0.attn.hook_attn_scores").shape, (Shape{heads, keys, keys}));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace headlight
