// Owns: the bytes of a connection that are read and not yet used. Keeps what a client has sent
// ahead (pipelining), has a fixed upper size, and is small while nothing is in it.
#pragma once
#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace server::http {

class ReadBuffer {
 public:
  static constexpr std::size_t kSmallest = 2 * 1024;
  static constexpr std::size_t kLargest = 32 * 1024;

  std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }

  // Room to read into; empty when the buffer is full.
  boost::asio::mutable_buffer prepare() {
    if (begin_ == end_) {
      begin_ = end_ = 0;
      if (capacity_ > 4 * kSmallest) capacity_ = 0;  // a large head is rare: don't keep its room
    }
    if (capacity_ == 0) resize(kSmallest);
    if (end_ == capacity_ && begin_ > 0) {
      std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == capacity_ && capacity_ < kLargest) resize(capacity_ * 2);
    return {data_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t size) { end_ += size; }
  void consume(std::size_t size) { begin_ += std::min(size, end_ - begin_); }

 private:
  void resize(std::size_t capacity) {
    auto larger = std::make_unique_for_overwrite<char[]>(capacity);
    if (end_ > begin_) std::memcpy(larger.get(), data_.get() + begin_, end_ - begin_);
    data_ = std::move(larger);
    end_ -= begin_;
    begin_ = 0;
    capacity_ = capacity;
  }

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace server::http
