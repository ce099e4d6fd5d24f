// Many short connections through a proxy, quickly: the clients and the server of a test, in one
// process. Each connection carries one byte there and one back; the client resets it in the end, so
// that no port waits. Prints how many went well; status 1 unless all did.
//
// usage: short_connections LISTEN_PORT PROXY_PORT COUNT CLIENTS

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int newSocket() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

int listenOn(int port) {
  const int fd = newSocket();
  const int on = 1;
  const sockaddr_in address = loopback(port);
  (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return -1;
  return ::listen(fd, 4096) == 0 ? fd : -1;
}

// Answers each connection's byte, and waits for its end. Until the listener is shut down.
void serve(int listener) {
  for (int fd; (fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ::close(fd)) {
    char byte = 0;
    if (::recv(fd, &byte, 1, 0) != 1 || ::send(fd, &byte, 1, MSG_NOSIGNAL) != 1) continue;
    (void)::recv(fd, &byte, 1, 0);
  }
}

bool exchange(int port) {
  const int fd = newSocket();
  const sockaddr_in address = loopback(port);
  char byte = 0;
  const bool good =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::send(fd, &byte, 1, MSG_NOSIGNAL) == 1 && ::recv(fd, &byte, 1, 0) == 1;
  const linger now{.l_onoff = 1, .l_linger = 0};
  (void)::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(fd);
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const int listener = listenOn(std::atoi(argv[1]));
  const int proxy = std::atoi(argv[2]);
  const int count = std::atoi(argv[3]);
  const int clients = std::atoi(argv[4]);
  if (listener < 0) return 2;
  std::vector<std::thread> servers;
  for (int i = 0; i < clients + 1; ++i) servers.emplace_back(serve, listener);
  std::atomic<int> left{count};
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < clients; ++i) {
    threads.emplace_back([&] {
      while (left.fetch_sub(1) > 0) good += exchange(proxy) ? 1 : 0;
    });
  }
  for (std::thread& each : threads) each.join();
  ::shutdown(listener, SHUT_RDWR);
  for (std::thread& each : servers) each.join();
  std::printf("%d\n", good.load());
  return good == count ? 0 : 1;
}
