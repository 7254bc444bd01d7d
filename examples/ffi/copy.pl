# SPDX-License-Identifier: MIT OR Apache-2.0
# Copies a file through FFI::Platypus: perl copy.pl INPUT OUTPUT [MOST]; more than MOST bytes are an error.
use v5.32;
use warnings;
use Errno qw(EINTR);
use FFI::Platypus 2.00;
use FFI::Platypus::Buffer qw(scalar_to_buffer);

package Zsplice::Result {
    use FFI::Platypus::Record;
    record_layout_1(
        uint64 => 'bytes', uint64 => 'in_flight', uint64 => 'copied', uint64 => 'holes', uint32 => 'via',
        uint32 => 'side', sint32 => 'error', uint32 => 'refused', sint32 => 'refusal', uint32 => 'index',
        'uint32[2]' => 'spare');
}

package Zsplice::Options {
    use FFI::Platypus::Record;
    record_layout_1(
        uint32 => 'size', uint32 => 'flags', sint64 => 'timeout_ns', sint64 => 'idle_ns', sint32 => 'cancel_fd',
        uint32 => 'avoid', opaque => 'progress', opaque => 'context', sint64 => 'half_idle_ns', uint64 => 'rate');
}

package main;

my $ffi = FFI::Platypus->new(api => 2, lib => 'libzsplice.so.0');
my $known = eval { $ffi->find_symbol('zs_copy') };
die "libzsplice.so.0 is missing: install zsplice (sudo make install), or name its folder in LD_LIBRARY_PATH.\n"
    unless $known;
$ffi->type('record(Zsplice::Result)' => 'result');
$ffi->type('record(Zsplice::Options)' => 'options');
$ffi->type('(opaque, opaque)->int' => 'progress');
$ffi->attach(zs_copy => [qw(int opaque int opaque uint64 options* result*)] => 'sint64');
$ffi->attach(zs_via_names => [qw(uint32 opaque size_t)] => 'size_t');

use constant { TO_END => ~0, INTERRUPT => 0x2 };

# Copies all of $source. If $progress dies, the copy ends, and so does copy; likewise after Ctrl-C.
sub copy {
    my ($source, $target, $progress) = @_;
    my ($died, $copied, $result) = (undef, 0, Zsplice::Result->new);
    my $closure = $ffi->closure(sub {
        my $so_far = $ffi->cast(opaque => 'uint64*', $_[1]);    # The first member: bytes.
        eval { $progress->($copied + $$so_far); 1 } and return 0;
        $died = $@;
        return 1;
    });
    my $options = Zsplice::Options->new(
        size => $ffi->sizeof('options'), flags => INTERRUPT, progress => $ffi->cast(progress => 'opaque', $closure));
    while (1) {
        my $n = zs_copy(fileno $source, undef, fileno $target, undef, TO_END, $options, $result);
        $copied += $result->bytes;
        die $died if defined $died;
        return ($copied, $result) if $n != -1;
        next if $result->error == EINTR;    # Perl has run its handlers: the copy goes on.
        local $! = $result->error;
        die "$!\n";
    }
}

$SIG{INT} = sub { die "interrupted\n" };
eval {
    open my $source, '<', $ARGV[0] or die "$ARGV[0]: $!\n";
    open my $target, '>', $ARGV[1] or die "$ARGV[1]: $!\n";
    my ($copied, $result) = copy($source, $target, sub {
        my ($so_far) = @_;
        print STDERR "$so_far bytes so far\n";
        die "more than $ARGV[2] bytes\n" if defined $ARGV[2] && $so_far > $ARGV[2];
    });
    # Closures change errno. A call alone does not: this one finds the end of the input.
    $! = 77;
    zs_copy(fileno $source, undef, fileno $target, undef, TO_END, undef, undef);
    say "errno is ", $! == 77 ? "unchanged" : "changed";
    my $names = "\0" x 100;
    my $length = zs_via_names($result->via, scalar_to_buffer $names);
    say "$copied bytes by ", substr $names, 0, $length;
    1;
} or do {
    print STDERR $@;
    exit($@ eq "interrupted\n" ? 130 : 1);
};
