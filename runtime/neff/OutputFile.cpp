// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/neff/OutputFile.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ncc::neff {

namespace {

absl::Status systemError(const std::string &what) {
  std::string text = what + ": " + std::strerror(errno);
  return errno == ENOSPC || errno == EDQUOT ? absl::ResourceExhaustedError(text) : absl::PermissionDeniedError(text);
}

std::string folderOf(const std::string &path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

bool identityOf(const std::string &path, struct stat &info) { return ::stat(path.c_str(), &info) == 0; }

} // namespace

absl::Status OutputFile::open(const std::string &path) {
  target = path;
#ifdef O_TMPFILE
  fd = ::open(folderOf(path).c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
#endif
  return fd >= 0 ? absl::OkStatus() : nameTemporary();
}

/// A name beside the target: for an unnamed file a link to it, else a new file.
absl::Status OutputFile::nameTemporary() {
  const bool unnamed = fd >= 0;
  for (int tries = 0; tries < 100; ++tries) {
    std::string name = target + ".XXXXXX";
    const int made = ::mkstemp(name.data());
    if (made < 0) {
      break;
    }
    if (!unnamed) {
      fd = made;
      temporary = std::move(name);
      return absl::OkStatus();
    }
    // A link needs a name nobody has; between the two calls somebody else may take it, hence the loop.
    ::close(made);
    ::unlink(name.c_str());
    if (::linkat(AT_FDCWD, ("/proc/self/fd/" + std::to_string(fd)).c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      temporary = std::move(name);
      return absl::OkStatus();
    }
    if (errno != EEXIST) {
      break;
    }
  }
  return systemError("cannot write " + target);
}

OutputFile::~OutputFile() {
  if (fd >= 0) {
    ::close(fd);
  }
  if (!temporary.empty()) {
    ::unlink(temporary.c_str());
  }
}

absl::Status OutputFile::write(const void *data, size_t size) {
  const char *p = static_cast<const char *>(data);
  while (size > 0) {
    const ssize_t n = ::write(fd, p, std::min<size_t>(size, 1 << 26));
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n <= 0) {
      return systemError("cannot write " + target);
    }
    p += n;
    size -= static_cast<size_t>(n);
    position += static_cast<uint64_t>(n);
  }
  return absl::OkStatus();
}

absl::Status OutputFile::zeros(uint64_t size) {
  static const char block[4096] = {};
  for (absl::Status status; size > 0;) {
    const uint64_t n = std::min<uint64_t>(size, sizeof block);
    if (status = write(block, n); !status.ok()) {
      return status;
    }
    size -= n;
  }
  return absl::OkStatus();
}

absl::Status OutputFile::rewrite(uint64_t at, const void *data, size_t size) {
  if (::pwrite(fd, data, size, static_cast<off_t>(at)) != static_cast<ssize_t>(size)) {
    return systemError("cannot write " + target);
  }
  return absl::OkStatus();
}

absl::Status OutputFile::commit() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(fd, 0666 & ~mask);
  if (temporary.empty()) {
    if (absl::Status status = nameTemporary(); !status.ok()) {
      return status;
    }
  }
  const int closed = ::close(fd);
  fd = -1;
  if (closed != 0 || ::rename(temporary.c_str(), target.c_str()) != 0) {
    return systemError("cannot write " + target);
  }
  temporary.clear();
  return absl::OkStatus();
}

absl::Status writeWholeFile(const std::string &path, std::string_view content) {
  OutputFile file;
  absl::Status status = file.open(path);
  status = status.ok() ? file.write(content.data(), content.size()) : status;
  return status.ok() ? file.commit() : status;
}

absl::Status checkOutput(const std::string &output, absl::Span<const std::string> sources) {
  struct stat there {};
  if (!identityOf(output, there)) {
    return absl::OkStatus(); // nothing there to destroy
  }
  if (!S_ISREG(there.st_mode)) {
    return absl::InvalidArgumentError("'" + output + "' exists and is not a regular file");
  }
  for (const std::string &source : sources) {
    struct stat info {};
    if (!source.empty() && identityOf(source, info) && info.st_dev == there.st_dev && info.st_ino == there.st_ino) {
      return absl::InvalidArgumentError("'" + output + "' is the same file as '" + source + "', which would be lost");
    }
  }
  return absl::OkStatus();
}

} // namespace ncc::neff
