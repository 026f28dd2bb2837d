#!/usr/bin/perl
# New connections without end, from the network namespace it is started in, until it is killed.
#
#   prober.pl tcp|udp EVERY TIMEOUT ADDRESS/PORT...
#
# Every EVERY milliseconds each target is tried anew, from a socket of its own. One line a try, when it is decided:
# OUTCOME TARGET AGE, the age in milliseconds. open: connected, or an answer to the datagram; refused: a reset or
# ICMP port unreachable, which an end that was reached sends; shut: neither, within the time.
#
# Perl because perl-base is on every Debian, and a process of it needs 8 MB.
use strict;
use warnings;
use Errno qw(EINPROGRESS EAGAIN ECONNREFUSED);
use POSIX ();
use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6 SOCK_NONBLOCK);
$| = 1;

my ($protocol, $every, $timeout, @targets) = @ARGV;
my $type = $protocol eq 'tcp' ? SOCK_STREAM : SOCK_DGRAM;
my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());
my %open;    # file descriptor -> {socket, target, began}

# Milliseconds since some moment, in steps of 10: Time::HiRes is not in perl-base.
sub now { return (POSIX::times())[0] * 1000 / $ticks }

sub decide {
  my ($outcome, $try) = @_;
  print "$outcome $try->{target} ", int(now() - $try->{began}), "\n";
  delete $open{fileno $try->{socket}};
  # With a reset, so that no port stays in TIME_WAIT.
  setsockopt($try->{socket}, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)) if $type == SOCK_STREAM;
  close $try->{socket};
}

sub begin {
  my ($target) = @_;
  my ($address, $port) = split m{/}, $target;
  my $family = index($address, ':') >= 0 ? AF_INET6 : AF_INET;
  my $packed = inet_pton($family, $address) // die "no address: $address\n";
  my $end = $family == AF_INET6 ? pack_sockaddr_in6($port, $packed) : pack_sockaddr_in($port, $packed);
  socket(my $socket, $family, $type | SOCK_NONBLOCK, 0) or die "socket: $!\n";
  my $try = $open{fileno $socket} = { socket => $socket, target => $target, began => now() };
  if (!connect($socket, $end) && $! != EINPROGRESS) { return decide($! == ECONNREFUSED ? 'refused' : 'shut', $try) }
  syswrite($socket, 'hello') if $type == SOCK_DGRAM;
}

sub look {
  my ($try) = @_;
  my $error = unpack('i', getsockopt($try->{socket}, SOL_SOCKET, SO_ERROR));
  return decide($error == ECONNREFUSED ? 'refused' : 'shut', $try) if $error;
  return decide('open', $try) if $type == SOCK_STREAM;
  my $count = sysread($try->{socket}, my $answer, 256);
  return decide('open', $try) if defined $count;
  decide($! == ECONNREFUSED ? 'refused' : 'shut', $try) if $! != EAGAIN;
}

my $next = now();
while (1) {
  if (now() >= $next) { begin($_) for @targets; $next += $every; $next = now() if $next < now() }
  my $bits = '';
  vec($bits, $_, 1) = 1 for keys %open;
  my $wait = ($next - now()) / 1000;
  my ($readable, $writable) = $type == SOCK_STREAM ? ('', $bits) : ($bits, '');
  my $ready = select($readable, $writable, undef, $wait < 0 ? 0 : $wait < 0.05 ? $wait : 0.05);
  my $some = $type == SOCK_STREAM ? $writable : $readable;
  if ($ready > 0) { for (grep { vec($some, $_, 1) } keys %open) { look($open{$_}) } }
  # Work that waited comes before deadlines that passed meanwhile.
  else { decide('shut', $_) for grep { now() - $_->{began} > $timeout } values %open }
}
