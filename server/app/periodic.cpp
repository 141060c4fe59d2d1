#include "server/app/periodic.h"

#include <pthread.h>

#include <exception>

#include "server/observe/log.h"

namespace server::app {

Periodic::Periodic(std::string name, std::chrono::milliseconds interval, std::function<void()> work)
    : name_(std::move(name)),
      interval_(interval),
      work_(std::move(work)),
      thread_([this] { loop(); }) {}

Periodic::~Periodic() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Periodic::loop() {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval_, [this] { return stopping_; })) {
    lock.unlock();
    try {
      work_();
    } catch (const std::exception& error) {
      // A broken surrounding, such as no memory: the next run may do better.
      observe::log_error("background_failed", {{"thread", name_}, {"detail", error.what()}});
    }
    lock.lock();
  }
}

}  // namespace server::app
