// A device in the host's memory: the kernels of core/backends/cuda/kernels.h, one thread for a whole team,
// and plain products. It shows everything about the CUDA backend but CUDA itself, counts what is asked of
// it, and fails when it is told to.
#pragma once

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>

#include "core/backends/cuda/device.h"

namespace headlight {

// What a HostDevice is told and tells; outlives it.
struct HostDeviceLog {
  static constexpr DeviceStatus out_of_memory = 2,
                                lost = 719;  // cudaErrorMemoryAllocation, cudaErrorLaunchFailure
  std::atomic<std::int64_t> calls{0};        // that can fail, so far
  std::int64_t fail_at = -1;                 // the call with this number fails
  DeviceStatus failure = out_of_memory;      // a lost device fails from then on
  bool for_good = false;                     // and so does any other
  std::size_t memory = std::size_t{1} << 30;
  std::atomic<std::int64_t> fetched{0};    // bytes that were copied out
  std::atomic<std::int64_t> used{0};       // bytes that were not given back
  std::atomic<std::int64_t> strangers{0};  // given back without having been handed out
};

// The sums of 128 threads, joined as a GPU's block joins them.
class HostTeam {
 public:
  template <class Body>
  void each(std::int64_t count, const Body& body) const {
    for (std::int64_t i = 0; i < count; ++i) body(i);
  }
  template <class Value>
  float sum(std::int64_t count, const Value& value) const {
    float parts[threads] = {};
    for (std::int64_t i = 0; i < count; ++i) parts[i % threads] += value(i);
    return joined(parts);
  }
  template <int n, class Value>
  void sums(std::int64_t count, std::int64_t used, float* sums, const Value& value) const {
    float parts[threads][n] = {};
    for (std::int64_t i = 0; i < count; ++i) value(i, parts[i % threads]);
    for (int k = 0; k < n && k < used; ++k) {
      float of_one[threads];
      for (int thread = 0; thread < threads; ++thread) of_one[thread] = parts[thread][k];
      sums[k] = joined(of_one);
    }
  }
  template <class Value>
  float largest(std::int64_t count, const Value& value) const {
    float most = -HUGE_VALF;
    for (std::int64_t i = 0; i < count; ++i) most = std::fmax(most, value(i));
    return most;
  }
  void together() const {}

 private:
  static constexpr int threads = 128;
  static float joined(float* parts) {
    for (int step = threads / 2; step > 0; step /= 2) {
      for (int i = 0; i < step; ++i) parts[i] += parts[i + step];
    }
    return parts[0];
  }
};

class HostDevice : public Device {
 public:
  explicit HostDevice(HostDeviceLog& log) : log_(log) {}
  ~HostDevice() override {
    for (const auto& [memory, bytes] : given_) std::free(memory);  // log_.used still counts them
  }

  DeviceFacts facts() const override {
    DeviceFacts facts;
    std::strcpy(facts.name, "Host");
    facts.total_memory = log_.memory;
    return facts;
  }
  const char* explain(DeviceStatus status) const override {
    return status == HostDeviceLog::out_of_memory ? "out of memory" : "lost";
  }
  bool is_out_of_memory(DeviceStatus status) const override { return status == HostDeviceLog::out_of_memory; }
  std::size_t free_memory() const override { return log_.memory - static_cast<std::size_t>(log_.used); }

  DeviceStatus allocate(std::size_t bytes, void** memory) override {
    if (const DeviceStatus status = next()) return status;
    if (bytes > free_memory()) return HostDeviceLog::out_of_memory;
    const std::lock_guard lock(mutex_);
    *memory = std::malloc(bytes);
    std::memset(*memory, 0xFF, bytes);  // NaN: what nobody wrote must not look like a value
    given_[*memory] = bytes;
    log_.used += static_cast<std::int64_t>(bytes);
    return device_ok;
  }
  void release(void* memory) override {
    const std::lock_guard lock(mutex_);
    const auto found = given_.find(memory);
    if (found == given_.end()) {
      ++log_.strangers;
      return;
    }
    log_.used -= static_cast<std::int64_t>(found->second);
    given_.erase(found);
    std::free(memory);
  }
  DeviceStatus copy_in(void* to, const void* from, std::size_t bytes) override {
    return copied({.to = to, .from = from, .bytes = bytes});
  }
  DeviceStatus copy_out(const Copy& copy) override {
    log_.fetched += static_cast<std::int64_t>(copy.bytes * copy.pieces);
    return copied(copy);
  }
  DeviceStatus copy_within(const Copy& copy) override { return copied(copy); }
  DeviceStatus wait() override { return next(); }

  DeviceStatus run(const kernels::Any& kernel, std::int64_t blocks) override {
    if (const DeviceStatus status = next()) return status;
    std::visit(
        [blocks](const auto& one) {
          for (std::int64_t block = 0; block < blocks; ++block) one(HostTeam(), block);
        },
        kernel);
    return device_ok;
  }

  DeviceStatus product(const float* x, const float* weight, std::int64_t positions, std::int64_t rows,
                       std::int64_t columns, std::int64_t out_width, bool add, ProductPrecision precision,
                       float* out) override {
    if (const DeviceStatus status = next()) return status;
    for (std::int64_t p = 0; p < positions; ++p) {
      for (std::int64_t row = 0; row < rows; ++row) {
        double sum = add ? static_cast<double>(out[p * out_width + row]) : 0.0;
        for (std::int64_t i = 0; i < columns; ++i) {
          sum += factor(x[p * columns + i], precision) * factor(weight[row * columns + i], precision);
        }
        out[p * out_width + row] = static_cast<float>(sum);
      }
    }
    return device_ok;
  }

  DeviceStatus multiply(const Products& p) override {
    if (const DeviceStatus status = next()) return status;
    const auto number = [&p](const Matrix& of, std::int64_t i, std::int64_t row, std::int64_t column) {
      const std::int64_t at = of.turned ? column * of.row_step + row : row * of.row_step + column;
      return factor(of.at[i * of.matrix_step + at], p.precision);
    };
    // What cuBLAS refuses.
    const auto is_wide = [](const Matrix& of, std::int64_t rows, std::int64_t columns) {
      return of.row_step >= (of.turned ? rows : columns);
    };
    if (!is_wide(p.a, p.rows, p.terms) || !is_wide(p.b, p.terms, p.columns) || p.out_row_step < p.columns)
      return HostDeviceLog::lost;
    for (std::int64_t i = 0; i < p.count; ++i) {
      for (std::int64_t row = 0; row < p.rows; ++row) {
        for (std::int64_t column = 0; column < p.columns; ++column) {
          float& out = p.out[i * p.out_matrix_step + row * p.out_row_step + column];
          double sum = p.add ? static_cast<double>(out) : 0.0;
          for (std::int64_t term = 0; term < p.terms; ++term) {
            sum += number(p.a, i, row, term) * number(p.b, i, term, column);
          }
          out = static_cast<float>(sum);
        }
      }
    }
    return device_ok;
  }

 private:
  // The nearest number of so many bits.
  static double factor(float value, ProductPrecision precision) {
    if (precision == ProductPrecision::f32) return static_cast<double>(value);  // all of its 24
    const int bits = precision == ProductPrecision::tf32 ? 11 : 8;
    int exponent = 0;
    const double fraction = std::frexp(static_cast<double>(value), &exponent);
    return std::ldexp(std::nearbyint(std::ldexp(fraction, bits)), exponent - bits);
  }
  DeviceStatus next() {
    const std::int64_t number = log_.calls++;
    if (log_.fail_at < 0 || number < log_.fail_at) return device_ok;
    return number == log_.fail_at || log_.for_good || log_.failure == HostDeviceLog::lost ? log_.failure
                                                                                          : device_ok;
  }
  DeviceStatus copied(const Copy& copy) {
    if (const DeviceStatus status = next()) return status;
    for (std::size_t piece = 0; piece < copy.pieces && copy.bytes > 0; ++piece) {
      std::memcpy(static_cast<char*>(copy.to) + piece * copy.to_step,
                  static_cast<const char*>(copy.from) + piece * copy.from_step, copy.bytes);
    }
    return device_ok;
  }

  HostDeviceLog& log_;
  std::mutex mutex_;
  std::map<void*, std::size_t> given_;
};

}  // namespace headlight
