#include "server/runtime/pool.h"

#include <pthread.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>

namespace server::runtime {
namespace {
thread_local bool is_io_thread = false;
}

void mark_io_thread() {
  is_io_thread = true;
}

void assert_not_io_thread() {
#ifndef NDEBUG
  if (is_io_thread) {
    std::fputs("latchkey: a blocking call was made on an I/O thread\n", stderr);
    std::abort();
  }
#endif
}

Pool::Pool(std::string name, std::size_t threads, std::size_t queue_limit, int niceness)
    : name_(std::move(name)), queue_limit_(queue_limit), niceness_(niceness) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { loop(); });
}

Pool::~Pool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

bool Pool::post(std::move_only_function<void()> job) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= queue_limit_) return false;
    queue_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

std::size_t Pool::depth() const {
  std::lock_guard lock(mutex_);
  return queue_.size();
}

void Pool::loop() {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  // On Linux 0 stands for the calling thread.
  if (niceness_ > 0) ::setpriority(PRIO_PROCESS, 0, niceness_);
  while (true) {
    std::move_only_function<void()> job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    job();
  }
}

}  // namespace server::runtime
