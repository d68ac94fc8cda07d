// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/neff/InputFile.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ncc::neff {

absl::StatusOr<std::string> readWholeFile(const std::string &path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC); // opening a pipe would wait for a writer
  if (fd < 0) {
    return absl::NotFoundError("cannot open " + path + ": " + std::strerror(errno));
  }
  struct stat info {};
  if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
    ::close(fd);
    return absl::InvalidArgumentError(path + " is not a regular file");
  }
  std::string bytes;
  bytes.resize(static_cast<size_t>(info.st_size));
  size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t n = ::read(fd, bytes.data() + have, bytes.size() - have);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      break;
    }
    have += static_cast<size_t>(n);
  }
  ::close(fd);
  if (have < bytes.size()) {
    return absl::DataLossError(path + " became shorter while it was read");
  }
  return bytes;
}

} // namespace ncc::neff
