#include "server/observe/metrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

namespace server::observe {
namespace {

// Seconds. The small ones tell answers from memory apart from those that asked the database.
constexpr std::array kRequestBounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                       0.1,    0.25,  0.5,    1.0,   2.5,  5.0,   10.0};
// Routes times methods times five classes; the route table is a closed set.
constexpr std::size_t kMaxRequestSeries = 600;

bool is_name(std::string_view text, bool may_hold_colon) {
  if (text.empty() || (text.front() >= '0' && text.front() <= '9')) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (c == ':' && may_hold_colon);
  });
}

// Help texts escape backslash and newline, label values the double quote as well.
std::string escape(std::string_view text, bool is_label) {
  std::string out;
  for (char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && is_label) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 40> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

void append_header(std::string_view name, std::string_view help, std::string_view type,
                   std::string& out) {
  out.append("# HELP ").append(name).append(" ").append(escape(help, false)).append("\n");
  out.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void append_sample(std::string_view name, const Labels& labels, std::string_view value,
                   std::string& out) {
  out += name;
  char before = '{';
  for (const auto& [label, text] : labels) {
    out += before;
    out.append(label).append("=\"").append(escape(text, true)).append("\"");
    before = ',';
  }
  if (!labels.empty()) out += '}';
  out.append(" ").append(value).append("\n");
}

Labels pair_up(const std::vector<std::string>& names, const std::vector<std::string>& values) {
  Labels labels;
  for (std::size_t i = 0; i < names.size(); ++i) labels.emplace_back(names[i], values[i]);
  return labels;
}

void append_histogram(const std::string& name, const Labels& labels, const Histogram& histogram,
                      std::string& out) {
  const auto buckets = histogram.buckets();
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    total += buckets[i];
    auto with_bound = labels;
    const bool is_last = i == histogram.bounds().size();
    with_bound.emplace_back("le", is_last ? "+Inf" : number(histogram.bounds()[i]));
    append_sample(name + "_bucket", with_bound, std::to_string(total), out);
  }
  append_sample(name + "_sum", labels, number(histogram.sum_seconds()), out);
  // From the same reading as the buckets, so that both always agree.
  append_sample(name + "_count", labels, std::to_string(total), out);
}

std::string_view status_class(int status) {
  static constexpr std::array<std::string_view, 6> kClasses = {"other", "1xx", "2xx",
                                                               "3xx",   "4xx", "5xx"};
  const int hundreds = status / 100;
  return kClasses[hundreds >= 1 && hundreds <= 5 ? static_cast<std::size_t>(hundreds) : 0];
}

}  // namespace

Histogram::Histogram(std::span<const double> bounds)
    : bounds_(bounds.begin(), bounds.end()), counts_(bounds.size() + 1) {
  if (!std::is_sorted(bounds_.begin(), bounds_.end())) {
    throw std::logic_error("histogram bounds must ascend");
  }
}

void Histogram::observe(std::chrono::microseconds duration) {
  const auto us = std::max<std::int64_t>(duration.count(), 0);
  const auto seconds = static_cast<double>(us) / 1e6;
  const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), seconds);
  counts_[static_cast<std::size_t>(bound - bounds_.begin())].fetch_add(1,
                                                                       std::memory_order_relaxed);
  sum_us_.fetch_add(us, std::memory_order_relaxed);
}

std::vector<std::uint64_t> Histogram::buckets() const {
  std::vector<std::uint64_t> out;
  out.reserve(counts_.size());
  for (const auto& count : counts_) out.push_back(count.load(std::memory_order_relaxed));
  return out;
}

double Histogram::sum_seconds() const {
  return static_cast<double>(sum_us_.load(std::memory_order_relaxed)) / 1e6;
}

namespace detail {

template <class Series>
Series& SeriesMap<Series>::with(std::initializer_list<std::string_view> values) {
  if (values.size() != name_.label_names.size()) {
    throw std::logic_error("wrong number of labels for " + name_.name);
  }
  std::vector<std::string> key(values.begin(), values.end());
  {
    const std::shared_lock lock(mutex_);
    if (const auto it = series_.find(key); it != series_.end()) return *it->second;
  }
  const std::unique_lock lock(mutex_);
  if (!series_.contains(key) && series_.size() + 1 >= name_.max_series) {
    key.assign(values.size(), "other");  // the last place is kept for this one
  }
  auto& series = series_[key];
  if (!series) series = make_();
  return *series;
}

template class SeriesMap<Counter>;
template class SeriesMap<Histogram>;

}  // namespace detail

void MetricsRegistry::claim(const std::string& name,
                            const std::vector<std::string>& label_names) const {
  if (!is_name(name, true)) throw std::logic_error("no metric name: " + name);
  for (const auto& label : label_names) {
    if (!is_name(label, false) || label == "le") throw std::logic_error("no label name: " + label);
  }
  if (counters_.contains(name) || histograms_.contains(name) || gauges_.contains(name)) {
    throw std::logic_error("the metric name is taken: " + name);
  }
}

CounterFamily& MetricsRegistry::counter(std::string name, std::string help,
                                        std::vector<std::string> label_names,
                                        std::size_t max_series) {
  const std::lock_guard lock(mutex_);
  claim(name, label_names);
  auto family = std::make_unique<CounterFamily>(
      detail::MetricName{name, std::move(help), std::move(label_names), max_series},
      [] { return std::make_unique<Counter>(); });
  return *(counters_[std::move(name)] = std::move(family));
}

HistogramFamily& MetricsRegistry::histogram(std::string name, std::string help,
                                            std::vector<std::string> label_names,
                                            std::span<const double> bounds,
                                            std::size_t max_series) {
  const std::lock_guard lock(mutex_);
  claim(name, label_names);
  auto family = std::make_unique<HistogramFamily>(
      detail::MetricName{name, std::move(help), std::move(label_names), max_series},
      [fixed = std::vector<double>(bounds.begin(), bounds.end())] {
        return std::make_unique<Histogram>(fixed);
      });
  return *(histograms_[std::move(name)] = std::move(family));
}

void MetricsRegistry::gauge(const std::string& name, std::string help, Labels labels,
                            std::function<double()> read) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> label_names;
  for (const auto& [label, value] : labels) label_names.push_back(label);
  const auto known = gauges_.find(name);
  if (known == gauges_.end()) claim(name, label_names);
  auto& family = known == gauges_.end() ? gauges_[name] : known->second;
  const bool is_repeated =
      std::any_of(family.series.begin(), family.series.end(),
                  [&](const GaugeSeries& series) { return series.labels == labels; });
  if (is_repeated || family.series.size() == kMaxSeries) {
    throw std::logic_error("too many gauges, or the same labels twice: " + name);
  }
  family.help = std::move(help);
  family.series.push_back({std::move(labels), std::move(read)});
}

std::string MetricsRegistry::expose() const {
  std::string out;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, family] : counters_) {
    append_header(name, family->name().help, "counter", out);
    family->for_each([&](const std::vector<std::string>& values, const Counter& series) {
      append_sample(name, pair_up(family->name().label_names, values),
                    std::to_string(series.value()), out);
    });
  }
  for (const auto& [name, family] : gauges_) {
    append_header(name, family.help, "gauge", out);
    for (const auto& series : family.series) {
      append_sample(name, series.labels, number(series.read()), out);
    }
  }
  for (const auto& [name, family] : histograms_) {
    append_header(name, family->name().help, "histogram", out);
    family->for_each([&](const std::vector<std::string>& values, const Histogram& series) {
      append_histogram(name, pair_up(family->name().label_names, values), series, out);
    });
  }
  return out;
}

ServerMetrics::ServerMetrics(MetricsRegistry& registry)
    : requests_(registry.counter("latchkey_http_requests_total", "Requests answered",
                                 {"route", "method", "status_class"}, kMaxRequestSeries)),
      durations_(registry.histogram("latchkey_http_request_duration_seconds",
                                    "Time from the read request to the answer", {"route"},
                                    kRequestBounds)),
      sign_ins_(registry.counter("latchkey_signins_total", "Sign-ins by outcome", {"outcome"})),
      tokens_(registry.counter("latchkey_tokens_issued_total", "Token responses by grant",
                               {"grant"})),
      logout_deliveries_(registry.counter("latchkey_logout_deliveries_total",
                                          "Attempts to deliver a back-channel logout",
                                          {"outcome"})),
      mails_(registry.counter("latchkey_mails_total", "Mails, and attempts to send them",
                              {"outcome"})) {}

void ServerMetrics::request(std::string_view route, std::string_view method, int status,
                            std::chrono::microseconds duration) {
  const bool has_route = !route.empty();
  const std::string_view name = has_route ? route : "none";
  requests_.with({name, has_route ? method : "any", status_class(status)}).add();
  durations_.with({name}).observe(duration);
}

}  // namespace server::observe
