// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/driver/Threads.h"

#include <latch>
#include <system_error>
#include <thread>
#include <vector>

int ncc::driver::threadsThatStart(int wanted) {
  std::latch counted(1);
  std::vector<std::thread> threads;
  try {
    while (static_cast<int>(threads.size()) < wanted) {
      threads.emplace_back([&counted] { counted.wait(); });
    }
  } catch (const std::system_error &) { // that many and no more
  }
  counted.count_down();
  for (std::thread &thread : threads) {
    thread.join();
  }
  return static_cast<int>(threads.size());
}
