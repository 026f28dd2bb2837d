#!/usr/bin/perl
# Prints what was committed to nftables in this network namespace, one line a batch; first line "listening".
#
# Read from netlink by hand, because `nft monitor` 1.0.6 cannot be relied on: it forgets every named set that a
# deleted rule has looked up in, and prints nothing of that set's elements any more; it also keeps a copy
# of every foreign table in memory. Perl because perl-base is on every Debian, and Node has no netlink.
#
#   batch  FAMILY TABLE [FAMILY TABLE]... [revision NUMBER] [hook]     fields parted by tabs
#   lost                                                             events were dropped
# `revision` is the last element that was added to a set of that name in table inet postern; `hook` says that a
# base chain came.
use strict;
use warnings;
use Errno qw(EINTR ENOBUFS);
use Socket;
$| = 1;

my ($AF_NETLINK, $NETLINK_NETFILTER, $GROUP_NFTABLES, $SUBSYSTEM) = (16, 12, 7, 10);
my ($SO_RCVBUFFORCE, $RECEIVE_BYTES) = (33, 8 * 1024 * 1024);
my %FAMILY = (1 => 'inet', 2 => 'ip', 3 => 'arp', 5 => 'netdev', 7 => 'bridge', 10 => 'ip6');
my ($NEWCHAIN, $NEWSETELEM, $NEWGEN) = (3, 12, 15);
# include/uapi/linux/netfilter/nf_tables.h: attribute 1 is the table's name in messages of every kind.
my ($TABLE, $CHAIN_HOOK, $ELEMENT_SET, $ELEMENTS, $LIST_ELEMENT, $KEY, $VALUE) = (1, 4, 2, 3, 1, 1, 1);

socket(my $socket, $AF_NETLINK, SOCK_RAW, $NETLINK_NETFILTER) or die "netlink: $!\n";
setsockopt($socket, SOL_SOCKET, $SO_RCVBUFFORCE, $RECEIVE_BYTES);
bind($socket, pack('SSLL', $AF_NETLINK, 0, 0, 1 << ($GROUP_NFTABLES - 1))) or die "netlink group: $!\n";
print "listening\n";

my (%tables, $revision, $hook);
my $parent = getppid();
while (1) {
  my $readable = '';
  vec($readable, fileno($socket), 1) = 1;
  my $found = select($readable, undef, undef, 5);
  # An agent that was killed closes the pipe, but that shows only when something is printed.
  exit if getppid() != $parent;
  next if $found <= 0;
  my $from = recv($socket, my $data, 1024 * 1024, 0);
  if (!defined $from) {
    next if $! == EINTR;
    die "netlink: $!\n" if $! != ENOBUFS;
    print "lost\n";
    next;
  }
  while (length($data) >= 16) {
    my ($length, $type) = unpack('LS', $data);
    last if $length < 16 || $length > length($data);
    message($type & 0xff, substr($data, 16, $length - 16)) if $type >> 8 == $SUBSYSTEM;
    substr($data, 0, ($length + 3) & ~3, '');
  }
}

sub message {
  my ($type, $body) = @_;
  return batch_end() if $type == $NEWGEN;
  my $family = $FAMILY{unpack('C', $body)} // 'other';
  my %attributes = attributes(substr($body, 4));
  my $table = text($attributes{$TABLE});
  $tables{"$family\t$table"} = 1;
  $hook = 1 if $type == $NEWCHAIN && defined $attributes{$CHAIN_HOOK};
  return if $type != $NEWSETELEM || $family ne 'inet' || $table ne 'postern';
  return if text($attributes{$ELEMENT_SET}) ne 'revision';
  my %list = attributes($attributes{$ELEMENTS} // '');
  my %element = attributes($list{$LIST_ELEMENT} // '');
  my %key = attributes($element{$KEY} // '');
  $revision = unpack('L', $key{$VALUE}) if defined $key{$VALUE};
}

sub batch_end {
  if (%tables) {
    print join("\t", 'batch', sort(keys %tables), defined $revision ? ('revision', $revision) : (), $hook ? 'hook' : ()), "\n";
  }
  (%tables, $revision, $hook) = ();
}

# Attributes of a message by type; the upper two bits of the type are flags.
sub attributes {
  my ($data) = @_;
  my %found;
  while (length($data) >= 4) {
    my ($length, $type) = unpack('SS', $data);
    last if $length < 4 || $length > length($data);
    $found{$type & 0x3fff} = substr($data, 4, $length - 4);
    substr($data, 0, ($length + 3) & ~3, '');
  }
  return %found;
}

sub text { return defined $_[0] ? $_[0] =~ s/\0.*//sr : '' }
