// Owns: Periodic, a thread that does one thing again and again until it is destroyed.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace server::app {

class Periodic {
 public:
  // `name` is shown in thread lists (15 characters at most) and in the log when `work` throws. The
  // first run comes after one `interval`.
  Periodic(std::string name, std::chrono::milliseconds interval, std::function<void()> work);
  // Waits for a run that is under way.
  ~Periodic();
  Periodic(const Periodic&) = delete;

 private:
  void loop();

  const std::string name_;
  const std::chrono::milliseconds interval_;
  const std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace server::app
