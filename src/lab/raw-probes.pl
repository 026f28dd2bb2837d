# Protocols spoken by hand over raw sockets: SCTP, ICMP echo, and one that nobody has assigned. Part of prober.pl.
use strict;
use warnings;
use Socket qw(:DEFAULT inet_ntop unpack_sockaddr_in6 IPPROTO_ICMP IPPROTO_ICMPV6);

our (%readers, %flying);
my %NUMBER = (SCTP => 132, OTHER => 253);    # 253: "use for experimentation", RFC 3692
my (%socket_of, %listener, %probe);
my $sequence = int(rand(30000));
my @crc = map { my $c = $_; $c = $c & 1 ? 0x82F63B78 ^ ($c >> 1) : $c >> 1 for 1 .. 8; $c } 0 .. 255;

sub listen_raw {
  my ($key, $port, $token) = @_;
  raw_socket($key);
  $listener{"$key $port"} = $token;
}

# One raw socket for each key "namespace protocol address": bound, so that answers leave from the address asked.
sub raw_socket {
  my ($key) = @_;
  return $socket_of{$key} //= do {
    my (undef, $protocol, $address) = split / /, $key;
    my $six = family($address) == AF_INET6;
    my $number = $protocol eq 'ICMP' ? ($six ? IPPROTO_ICMPV6 : IPPROTO_ICMP) : $NUMBER{$protocol};
    my $socket = open_socket($address, SOCK_RAW, $number);
    setsockopt($socket, SOL_SOCKET, SO_RCVBUF, 4 << 20);
    bind($socket, endpoint($address, 0)) or die "raw socket on $address: $!\n";
    my $read = { SCTP => \&read_sctp, ICMP => \&read_icmp, OTHER => \&read_other }->{$protocol};
    $readers{fileno $socket} = sub {
      while (my $from = recv($socket, my $packet, 2048, 0)) {
        $packet = substr($packet, 4 * (ord($packet) & 15)) if !$six;    # IPv4 hands over its header, IPv6 does not
        my $peer = inet_ntop(family($address), $six ? (unpack_sockaddr_in6($from))[1] : (unpack_sockaddr_in($from))[1]);
        $read->($socket, $key, $peer, $packet);
      }
    };
    $socket;
  };
}

sub send_raw {
  my ($id, $key, $number, $destination, $packet) = @_;
  my $socket = raw_socket($key);
  $probe{"$key $number"} = $id;
  $flying{$id}{close} = sub { delete $probe{"$key $number"} };
  # An ICMP error to an earlier packet is reported by the next send on the socket, once.
  send($socket, $packet, 0, endpoint($destination, 0)) or send($socket, $packet, 0, endpoint($destination, 0)) or fail($id, $!);
}

sub next_number { $sequence = ($sequence + 1) % 30000; return 20000 + $sequence }

sub crc32c {
  my $crc = 0xFFFFFFFF;
  $crc = $crc[($crc ^ $_) & 255] ^ ($crc >> 8) for unpack 'C*', $_[0];
  return pack 'V', $crc ^ 0xFFFFFFFF;
}

# RFC 9260: common header, then INIT (1) or INIT ACK (2) with tag, window, streams and first TSN.
sub sctp_packet {
  my ($from, $to, $tag, $chunk, $body) = @_;
  my $packet = pack('nnNN', $from, $to, $tag, 0) . pack('CCn', $chunk, 0, 4 + length $body) . $body;
  substr($packet, 8, 4) = crc32c($packet);
  return $packet;
}

sub probe_sctp {
  my ($id, $name, $source, $destination, $port) = @_;
  my $from = next_number();
  my $packet = sctp_packet($from, $port, 0, 1, pack('NNnnN', $from, 65536, 1, 1, 1));
  send_raw($id, "$name SCTP $source", $from, $destination, $packet);
}

sub read_sctp {
  my ($socket, $key, $peer, $packet) = @_;
  my ($from, $to, $tag, undef, $chunk) = unpack 'nnNNC', $packet;
  if ($chunk == 1 && defined(my $token = $listener{"$key $to"})) {
    # INIT ACK must carry a state cookie (parameter 7): the token stands in it.
    my $cookie = $token . "\0" x (-length($token) & 3);
    my $body = pack('NNnnN', $to, 65536, 1, 1, 1) . pack('nn', 7, 4 + length $token) . $cookie;
    my $answer = sctp_packet($to, $from, unpack('N', substr($packet, 16, 4)), 2, $body);
    send($socket, $answer, 0, endpoint($peer, 0));
  } elsif ($chunk == 2 && $tag == $to && defined(my $id = $probe{"$key $to"})) {
    finish($id, 'answered', substr($packet, 36, unpack('n', substr($packet, 34, 2)) - 4));
  }
}

sub checksum {
  my $sum = 0;
  $sum += $_ for unpack 'n*', $_[0];
  $sum = ($sum & 0xFFFF) + ($sum >> 16) while $sum >> 16;
  return ~$sum & 0xFFFF;
}

sub probe_icmp {
  my ($id, $name, $source, $destination) = @_;
  my ($six, $number) = (family($source) == AF_INET6, next_number());
  my $packet = pack('CCnnn', $six ? 128 : 8, 0, 0, $number, 1);
  substr($packet, 2, 2) = pack('n', checksum($packet)) if !$six;    # the kernel fills in ICMPv6's
  send_raw($id, "$name ICMP $source", $number, $destination, $packet);
}

sub read_icmp {
  my ($socket, $key, $peer, $packet) = @_;
  my ($type, undef, undef, $number) = unpack 'CCnn', $packet;
  return if $type != 0 && $type != 129;
  my $id = $probe{"$key $number"};
  finish($id, 'answered', '') if defined $id;    # the kernel answers echo requests: there is no token
}

sub probe_other {
  my ($id, $name, $source, $destination) = @_;
  send_raw($id, "$name OTHER $source", $id, $destination, "ask $id");
}

sub read_other {
  my ($socket, $key, $peer, $packet) = @_;
  my ($verb, $asked, $token) = split / /, $packet, 3;
  if ($verb eq 'ask' && defined(my $own = $listener{"$key 0"})) {
    send($socket, "say $asked $own", 0, endpoint($peer, 0));
  } elsif ($verb eq 'say' && defined(my $id = $probe{"$key $asked"})) {
    finish($id, 'answered', $token);
  }
}

1;
