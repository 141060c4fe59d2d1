// Owns: counters, gauges and histograms, and their text form (Prometheus text exposition format
// 0.0.4). Labels hold values of closed sets only, never anything about a person. Does not listen.
#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server::observe {

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

class Counter {
 public:
  void add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Histogram {
 public:
  // Upper bounds in seconds, ascending, without infinity.
  explicit Histogram(std::span<const double> bounds);

  void observe(std::chrono::microseconds duration);

  const std::vector<double>& bounds() const { return bounds_; }
  // Observations at or below each bound and above the one before; the last entry is the rest.
  std::vector<std::uint64_t> buckets() const;
  double sum_seconds() const;

 private:
  std::vector<double> bounds_;
  std::deque<std::atomic<std::uint64_t>> counts_;
  std::atomic<std::int64_t> sum_us_{0};
};

using Labels = std::vector<std::pair<std::string, std::string>>;

namespace detail {

// What all metrics share: name, help text and the names of the labels.
struct MetricName {
  std::string name;
  std::string help;
  std::vector<std::string> label_names;
  std::size_t max_series;
};

// The series of one metric by their label values. References stay valid. Above max_series all new
// label values share one series whose labels say "other".
template <class Series>
class SeriesMap {
 public:
  SeriesMap(MetricName name, std::function<std::unique_ptr<Series>()> make)
      : name_(std::move(name)), make_(std::move(make)) {}

  // As many values as label names, in their order.
  Series& with(std::initializer_list<std::string_view> values);

  const MetricName& name() const { return name_; }
  // Calls visit(label values, series) for each, in the order of the values.
  template <class Visit>
  void for_each(Visit visit) const {
    const std::shared_lock lock(mutex_);
    for (const auto& [values, series] : series_) visit(values, *series);
  }

 private:
  MetricName name_;
  std::function<std::unique_ptr<Series>()> make_;
  mutable std::shared_mutex mutex_;
  std::map<std::vector<std::string>, std::unique_ptr<Series>, std::less<>> series_;
};

}  // namespace detail

using CounterFamily = detail::SeriesMap<Counter>;
using HistogramFamily = detail::SeriesMap<Histogram>;

// All methods are thread-safe. Registering happens at the start; a name that is already taken, or
// is no metric name, throws std::logic_error.
class MetricsRegistry {
 public:
  static constexpr std::size_t kMaxSeries = 200;

  // `name` ends in _total. The reference lives as long as the registry.
  CounterFamily& counter(std::string name, std::string help, std::vector<std::string> label_names,
                         std::size_t max_series = kMaxSeries);
  HistogramFamily& histogram(std::string name, std::string help,
                             std::vector<std::string> label_names, std::span<const double> bounds,
                             std::size_t max_series = kMaxSeries);
  // `read` is called at each export, on the exporting thread; it must not block. The same name may
  // be given again with other labels; more than kMaxSeries of them throw std::logic_error.
  void gauge(const std::string& name, std::string help, Labels labels,
             std::function<double()> read);

  // The text for /metrics.
  std::string expose() const;

 private:
  struct GaugeSeries {
    Labels labels;
    std::function<double()> read;
  };
  struct GaugeFamily {
    std::string help;
    std::vector<GaugeSeries> series;
  };

  void claim(const std::string& name, const std::vector<std::string>& label_names) const;

  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<CounterFamily>> counters_;
  std::map<std::string, std::unique_ptr<HistogramFamily>> histograms_;
  std::map<std::string, GaugeFamily> gauges_;
};

// The metrics that the server's parts count into.
class ServerMetrics {
 public:
  explicit ServerMetrics(MetricsRegistry& registry);

  // `route` is the path pattern of the route table, never the path that was asked for; empty when
  // none fitted. `method` counts only with a route, because without one it may be anything.
  void request(std::string_view route, std::string_view method, int status,
               std::chrono::microseconds duration);
  // `outcome` such as "success", "wrong_password", "throttled".
  void sign_in(std::string_view outcome) { sign_ins_.with({outcome}).add(); }
  // `grant` is the grant_type as specified.
  void tokens_issued(std::string_view grant) { tokens_.with({grant}).add(); }
  // `outcome` is "delivered", "retried" or "failed".
  void logout_delivery(std::string_view outcome) { logout_deliveries_.with({outcome}).add(); }
  // `outcome` is "queued", when a mail is tried for the first time, or how an attempt ended:
  // "accepted", "retried", "unreachable", "bounced", "failed", "interrupted".
  void mail(std::string_view outcome) { mails_.with({outcome}).add(); }

 private:
  CounterFamily& requests_;
  HistogramFamily& durations_;
  CounterFamily& sign_ins_;
  CounterFamily& tokens_;
  CounterFamily& logout_deliveries_;
  CounterFamily& mails_;
};

}  // namespace server::observe
