#!/usr/bin/perl
# Opens the sockets of every namespace of a lab from one process: listeners, and probes with a time-out.
#
# A socket belongs to the network namespace its maker was in, so one single-threaded process that moves
# with setns(2) can hold them all: 8 MB and one event loop instead of a process a pod. Perl because
# perl-base is on every Debian and it has raw sockets, which Node has not: SCTP (this needs no kernel
# SCTP), ICMP echo and an unassigned protocol are spoken by hand.
#
# Requests, one a line, fields parted by tabs; the answer is ID, outcome, detail.
#   sysctl  ID NAMESPACE PATH VALUE
#   listen  ID NAMESPACE TOKEN PROTOCOL ADDRESS PORT
#   probe   ID NAMESPACE PROTOCOL SOURCE DESTINATION PORT TIMEOUT
# Outcomes: ok, answered (detail: the listener's token), timeout, refused, unreachable, error.
use strict;
use warnings;
use Errno qw(EINPROGRESS EAGAIN EINTR ECONNREFUSED);
use List::Util qw(min);
use POSIX ();
use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6
  IPPROTO_TCP IPPROTO_UDP IPPROTO_IPV6 IPV6_V6ONLY SOCK_NONBLOCK);

my %SETNS = (
  x86_64 => 308, i686 => 346, aarch64 => 268, riscv64 => 268, loongarch64 => 268,
  armv7l => 375, armv6l => 375, ppc64le => 350, s390x => 339,
);
my $CLONE_NEWNET = 0x40000000;
my $IN_FLIGHT = 2000;
my $PATIENCE = 2;               # seconds that a busy loop may be late
my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());

my $machine = (POSIX::uname())[4];
my $setns = $SETNS{$machine} or die "no system call number of setns for $machine\n";
my (%namespace, $here);
our (%readers, %writers);     # file descriptor -> handler
our %flying;                  # probe id -> {deadline, close}
my @waiting;                  # probes not yet sent

sub enter {
  my ($name) = @_;
  return if defined $here && $here eq $name;
  if (!$namespace{$name}) {
    open(my $handle, '<', "/run/netns/$name") or die "namespace $name: $!\n";
    $namespace{$name} = $handle;
  }
  syscall($setns, fileno($namespace{$name}), $CLONE_NEWNET) == 0 or die "entering $name: $!\n";
  $here = $name;
}

# Seconds since some moment, in steps of 10 ms: Time::HiRes is not in perl-base.
sub now { return (POSIX::times())[0] / $ticks }

sub answer { print join("\t", @_), "\n" }

sub family { index($_[0], ':') >= 0 ? AF_INET6 : AF_INET }

sub endpoint {
  my ($address, $port) = @_;
  my $family = family($address);
  my $packed = inet_pton($family, $address) // die "no address: $address\n";
  return $family == AF_INET6 ? pack_sockaddr_in6($port, $packed) : pack_sockaddr_in($port, $packed);
}

sub open_socket {
  my ($address, $type, $protocol) = @_;
  socket(my $socket, family($address), $type | SOCK_NONBLOCK, $protocol) or die "socket: $!\n";
  setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
  setsockopt($socket, IPPROTO_IPV6, IPV6_V6ONLY, 1) if family($address) == AF_INET6 && $type != SOCK_RAW;
  return $socket;
}

# --- sysctl -------------------------------------------------------------------------------------

sub write_sysctl {
  my ($id, $name, $path, $value) = @_;
  enter($name);
  open(my $file, '>', "/proc/sys/$path") or die "/proc/sys/$path: $!\n";
  syswrite($file, "$value\n") or die "/proc/sys/$path: $!\n";
  answer($id, 'ok', '');
}

# --- listeners ----------------------------------------------------------------------------------

sub start_listener {
  my ($id, $name, $token, $protocol, $address, $port) = @_;
  enter($name);
  if ($protocol eq 'TCP') { listen_tcp($token, $address, $port) }
  elsif ($protocol eq 'UDP') { listen_udp($token, $address, $port) }
  elsif ($protocol eq 'SCTP' || $protocol eq 'OTHER') {
    listen_raw("$name $protocol $address", $port, $token);
  }
  answer($id, 'ok', '');
}

sub listen_tcp {
  my ($token, $address, $port) = @_;
  my $socket = open_socket($address, SOCK_STREAM, IPPROTO_TCP);
  bind($socket, endpoint($address, $port)) or die "listening on $address $port/TCP: $!\n";
  listen($socket, 4096) or die "listening on $address $port/TCP: $!\n";
  $readers{fileno $socket} = sub {
    while (accept(my $client, $socket)) {
      syswrite($client, "$token\n");
      shutdown($client, 1);
      my $number = fileno $client;
      # The client closes with a reset, so that no port stays in TIME_WAIT.
      $readers{$number} = sub {
        my $count = sysread($client, my $nothing, 64);
        return if $count || (!defined $count && $! == EAGAIN);
        delete $readers{$number};
        close $client;
      };
    }
  };
}

sub listen_udp {
  my ($token, $address, $port) = @_;
  my $socket = open_socket($address, SOCK_DGRAM, IPPROTO_UDP);
  bind($socket, endpoint($address, $port)) or die "listening on $address $port/UDP: $!\n";
  $readers{fileno $socket} = sub {
    while (my $from = recv($socket, my $datagram, 256, 0)) { send($socket, "$datagram $token", 0, $from) }
  };
}

# --- probes -------------------------------------------------------------------------------------

sub start_probe {
  my ($id, $name, $protocol, $source, $destination, $port, $timeout) = @_;
  enter($name);
  $flying{$id} = { deadline => now() + $timeout / 1000, close => sub { } };
  if ($protocol eq 'TCP') { probe_tcp($id, $source, $destination, $port) }
  elsif ($protocol eq 'UDP') { probe_udp($id, $source, $destination, $port) }
  elsif ($protocol eq 'SCTP') { probe_sctp($id, $name, $source, $destination, $port) }
  elsif ($protocol eq 'ICMP') { probe_icmp($id, $name, $source, $destination) }
  elsif ($protocol eq 'OTHER') { probe_other($id, $name, $source, $destination) }
  else { die "no such protocol: $protocol\n" }
}

sub finish {
  my ($id, $outcome, $detail) = @_;
  my $probe = delete $flying{$id} or return;
  $probe->{close}->();
  answer($id, $outcome, $detail);
}

sub fail {
  my ($id, $error) = @_;
  my $number = $error + 0;
  return finish($id, 'refused', '') if $number == ECONNREFUSED;
  # EHOSTUNREACH, ENETUNREACH, EACCES (ICMP prohibited), EPERM (a local hook dropped it), ENOPROTOOPT.
  return finish($id, 'unreachable', "$error") if grep { $number == $_ } 113, 101, 13, 1, 92;
  finish($id, 'error', "$error");
}

sub client {
  my ($id, $type, $protocol, $source, $destination, $port) = @_;
  my $socket = open_socket($source, $type, $protocol);
  bind($socket, endpoint($source, 0)) or die "from $source: $!\n";
  my $number = fileno $socket;
  $flying{$id}{close} = sub {
    delete $readers{$number};
    delete $writers{$number};
    setsockopt($socket, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)) if $type == SOCK_STREAM;
    close $socket;
  };
  if (!connect($socket, endpoint($destination, $port)) && $! != EINPROGRESS) { fail($id, $!); return }
  return $socket;
}

sub probe_tcp {
  my ($id, $source, $destination, $port) = @_;
  my $socket = client($id, SOCK_STREAM, IPPROTO_TCP, $source, $destination, $port) or return;
  my $number = fileno $socket;
  $writers{$number} = sub {
    delete $writers{$number};
    my $error = unpack('i', getsockopt($socket, SOL_SOCKET, SO_ERROR));
    if ($error) { $! = $error; return fail($id, $!) }
    $readers{$number} = sub {
      my $count = sysread($socket, my $token, 256);
      return if !defined $count && $! == EAGAIN;
      return fail($id, $!) if !defined $count;
      chomp $token;
      $count ? finish($id, 'answered', $token) : finish($id, 'error', 'closed without an answer');
    };
  };
}

sub probe_udp {
  my ($id, $source, $destination, $port) = @_;
  my $socket = client($id, SOCK_DGRAM, IPPROTO_UDP, $source, $destination, $port) or return;
  $readers{fileno $socket} = sub {
    my $count = sysread($socket, my $answer, 256);
    return if !defined $count && $! == EAGAIN;
    return fail($id, $!) if !defined $count;
    finish($id, 'answered', substr($answer, length("$id "))) if index($answer, "$id ") == 0;
  };
  syswrite($socket, $id) or fail($id, $!);
}

# --- the loop -----------------------------------------------------------------------------------

require(__FILE__ =~ s/prober\.pl\z/raw-probes.pl/r);

my %verbs = (sysctl => \&write_sysctl, listen => \&start_listener, probe => \&start_probe);

sub handle {
  my ($verb, @fields) = split /\t/, $_[0], -1;
  return push @waiting, \@fields if $verb eq 'probe' && %flying >= $IN_FLIGHT;
  run($verb, @fields);
}

sub run {
  my ($verb, @fields) = @_;
  return if eval { $verbs{$verb}->(@fields); 1 };
  chomp(my $problem = $@);
  $flying{$fields[0]} ? finish($fields[0], 'error', $problem) : answer($fields[0], 'error', $problem);
}

sub descriptors {
  my $bits = '';
  vec($bits, $_, 1) = 1 for @_;
  return $bits;
}

my $pending = '';
$readers{0} = sub {
  my $count = sysread(STDIN, $pending, 1 << 20, length $pending);
  exit 0 if !$count;    # the lab is gone, however it went
  my @lines = split /\n/, $pending, -1;
  $pending = pop @lines;
  handle($_) for @lines;
};

while (1) {
  my $next = min(map { $_->{deadline} } values %flying);
  my $wait = defined $next ? $next - now() : undef;
  $wait = 0 if defined $wait && $wait < 0;
  my ($readable, $writable) = (descriptors(keys %readers), descriptors(keys %writers));
  my $ready = select($readable, $writable, undef, $wait);
  next if $ready < 0;    # interrupted: the bits say nothing
  for my $set ([\%writers, $writable], [\%readers, $readable]) {
    my ($handlers, $bits) = @$set;
    for my $number (keys %$handlers) {
      next if !vec($bits, $number, 1);
      my $handler = $handlers->{$number};
      $handler->() if $handler;
    }
  }
  # A process that was kept waiting finds work and passed deadlines at once: the work comes first.
  my $now = now() - ($ready > 0 ? $PATIENCE : 0);
  finish($_, 'timeout', '') for grep { $flying{$_}{deadline} <= $now } keys %flying;
  run('probe', @{shift @waiting}) while @waiting && %flying < $IN_FLIGHT;
  STDOUT->flush();
}
