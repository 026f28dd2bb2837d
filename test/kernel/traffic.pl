#!/usr/bin/perl
# Traffic for the kernel suite, one role a process: senders that go on, sinks that say what came, frames made by hand.
#
# Perl because perl-base is on every Debian and has raw and packet sockets, which Node has not. Runs in the network
# namespace it is started in, until it is killed or has sent what it was asked to.
#
#   echo    udp|tcp ADDRESS PORT               answers everything
#   sink    ADDRESS PORT                       prints the first word of every datagram
#   stream  FROM PORT TO PORT MS COUNT         datagrams "1", "2", ...; prints what comes back
#   chat    FROM PORT TO PORT MS COUNT         the same over one TCP connection; first line "connected" or "failed REASON"
#   flood   FROM TO PORT SECONDS               datagrams as fast as they go; prints how many
#   frames  INTERFACE                          sends the frames that come as lines of hexadecimal digits
#   packets FAMILY DESTINATION                 the same for IP packets with header (family 4 or 6)
#   sniff   INTERFACE                          prints every frame that comes in, as hexadecimal digits
use strict;
use warnings;
use Errno qw(EAGAIN EINTR);
use POSIX ();
use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6 IPPROTO_TCP IPPROTO_IPV6 IPV6_V6ONLY TCP_NODELAY);
$| = 1;

my ($AF_PACKET, $ETH_P_ALL, $PACKET_OUTGOING, $SO_BROADCAST) = (17, 3, 4, 6);
my ($role, @arguments) = @ARGV;
my %roles = (
  echo => \&echo, sink => \&sink, stream => \&stream, chat => \&chat,
  flood => \&flood, frames => \&frames, packets => \&packets, sniff => \&sniff,
);
($roles{$role // ''} // die "no role\n")->(@arguments);

sub end_of {
  my ($address, $port) = @_;
  return pack_sockaddr_in($port, inet_pton(AF_INET, $address)) if index($address, ':') < 0;
  my ($text, $scope) = split /%/, $address;
  my $index = defined $scope ? interface_index($scope) : 0;
  return pack_sockaddr_in6($port, inet_pton(AF_INET6, $text), $index);
}

sub interface_index {
  open(my $list, '<', '/proc/net/igmp6') or die;
  for (<$list>) { my ($index, $name) = split; return $index if $name eq $_[0] }
  die "no interface $_[0]\n";
}

sub bound {
  my ($type, $address, $port) = @_;
  my $family = index($address, ':') >= 0 ? AF_INET6 : AF_INET;
  socket(my $socket, $family, $type, 0) or die "socket: $!\n";
  setsockopt($socket, SOL_SOCKET, SO_REUSEADDR, 1);
  setsockopt($socket, SOL_SOCKET, $SO_BROADCAST, 1) if $type == SOCK_DGRAM;
  setsockopt($socket, IPPROTO_IPV6, IPV6_V6ONLY, 1) if $family == AF_INET6;
  bind($socket, end_of($address, $port)) or die "bind $address $port: $!\n";
  return $socket;
}

sub echo {
  my ($protocol, $address, $port) = @_;
  return echo_datagrams(bound(SOCK_DGRAM, $address, $port)) if $protocol eq 'udp';
  my $listener = bound(SOCK_STREAM, $address, $port);
  listen($listener, 64) or die "listen: $!\n";
  print "ready\n";
  my %open;
  while (1) {
    my $bits = '';
    vec($bits, fileno($_), 1) = 1 for $listener, values %open;
    next if select(my $ready = $bits, undef, undef, undef) < 0;
    if (vec($ready, fileno($listener), 1) && accept(my $client, $listener)) { $open{fileno $client} = $client }
    for my $client (values %open) {
      next if !vec($ready, fileno($client), 1);
      my $count = sysread($client, my $data, 65536);
      if ($count) { print "took $data"; syswrite($client, $data) } else { delete $open{fileno $client}; close $client }
    }
  }
}

sub echo_datagrams {
  my ($socket) = @_;
  print "ready\n";
  while (1) {
    my $from = recv($socket, my $data, 65536, 0);
    next if !defined $from;
    print word($data), "\n";
    send($socket, $data, 0, $from);
  }
}

sub word { return (split ' ', $_[0])[0] // '' }

sub sink {
  my $socket = bound(SOCK_DGRAM, @_);
  print "ready\n";
  while (1) { print word($_), ' ', length($_), "\n" if defined recv($socket, $_, 65536, 0) }
}

sub stream {
  my ($from, $from_port, $to, $to_port, $every, $count, $size) = @_;
  my $socket = bound(SOCK_DGRAM, $from, $from_port);
  my $target = end_of($to, $to_port);
  for my $number (1 .. $count) {
    send($socket, "$number " . ('x' x ($size // 0)), 0, $target);
    pause($socket, $every, sub { print word($_), "\n" if defined recv($socket, $_, 65536, 0) });
  }
}

# Waits, and hands over what comes meanwhile.
sub pause {
  my ($socket, $milliseconds, $take) = @_;
  my $left = $milliseconds / 1000;
  while ($left > 0) {
    my $bits = '';
    vec($bits, fileno($socket), 1) = 1;
    my ($found, $rest) = select($bits, undef, undef, $left);
    return if $found <= 0;
    $take->();
    $left = $rest;
  }
}

sub chat {
  my ($from, $from_port, $to, $to_port, $every, $count) = @_;
  my $socket = bound(SOCK_STREAM, $from, $from_port);
  $SIG{ALRM} = sub { print "failed timeout\n"; exit };
  alarm 2;
  if (!connect($socket, end_of($to, $to_port))) { print "failed $!\n"; return }
  alarm 0;
  setsockopt($socket, IPPROTO_TCP, TCP_NODELAY, 1);
  $SIG{PIPE} = sub { print "broken\n"; exit };
  print "connected\n";
  my $rest = '';
  for my $number (1 .. $count) {
    syswrite($socket, "$number\n");
    pause($socket, $every, sub {
      my $data = '';
      if (!sysread($socket, $data, 65536)) { print "closed\n"; exit }
      $rest .= $data;
      while ($rest =~ s/^(.*)\n//) { print "$1\n" }
    });
  }
}

sub flood {
  my ($from, $to, $port, $seconds) = @_;
  my $socket = bound(SOCK_DGRAM, $from, 0);
  my $target = end_of($to, $port);
  my ($sent, $over) = (0, 0);
  $SIG{ALRM} = sub { $over = 1 };
  alarm $seconds;
  while (!$over) { $sent++ if send($socket, 'x', 0, $target) }
  print "$sent\n";
}

sub packet_socket {
  my ($interface) = @_;
  socket(my $socket, $AF_PACKET, SOCK_RAW, unpack('n', pack('S', $ETH_P_ALL))) or die "packet socket: $!\n";
  my $address = pack('SnlSCCa8', $AF_PACKET, $ETH_P_ALL, interface_index($interface), 0, 0, 0, '');
  bind($socket, $address) or die "bind: $!\n";
  return $socket;
}

sub frames {
  my $socket = packet_socket(@_);
  while (<STDIN>) { chomp; send($socket, pack('H*', $_), 0) or print "failed $!\n" if $_ ne '' }
}

sub packets {
  my ($family, $destination) = @_;
  socket(my $socket, ($family == 6 ? AF_INET6 : AF_INET), SOCK_RAW, 255) or die "raw socket: $!\n";
  while (<STDIN>) { chomp; send($socket, pack('H*', $_), 0, end_of($destination, 0)) or print "failed $!\n" if $_ ne '' }
}

sub sniff {
  my $socket = packet_socket(@_);
  print "ready\n";
  while (1) {
    my $from = recv($socket, my $frame, 65536, 0);
    next if !defined $from || (unpack('SnlSCCa8', $from))[4] == $PACKET_OUTGOING;
    print unpack('H*', $frame), "\n";
  }
}
