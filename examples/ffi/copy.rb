# SPDX-License-Identifier: MIT OR Apache-2.0
# Copies a file through the gem ffi: ruby copy.rb INPUT OUTPUT [MOST]; more than MOST bytes are an error.
require "ffi"

module Zsplice
  extend FFI::Library
  begin
    ffi_lib "libzsplice.so.0"
  rescue LoadError => error
    abort "#{error.message}\nInstall zsplice (sudo make install), or name its folder in LD_LIBRARY_PATH."
  end

  TO_END = 2**64 - 1
  INTERRUPT = 0x2

  class Result < FFI::Struct
    layout :bytes, :uint64, :in_flight, :uint64, :copied, :uint64, :holes, :uint64, :via, :uint32, :side, :uint32,
           :error, :int32, :refused, :uint32, :refusal, :int32, :index, :uint32, :spare, [:uint32, 2]
  end
  callback :progress, [:pointer, Result.by_ref], :int
  class Options < FFI::Struct
    layout :size, :uint32, :flags, :uint32, :timeout_ns, :int64, :idle_ns, :int64, :cancel_fd, :int32,
           :avoid, :uint32, :progress, :progress, :context, :pointer, :half_idle_ns, :int64, :rate, :uint64
  end

  # Without `blocking` no other thread of Ruby runs during a copy.
  attach_function :zs_copy, [:int, :pointer, :int, :pointer, :uint64, Options.by_ref, Result.by_ref], :int64,
                  blocking: true
  attach_function :zs_via_names, [:uint32, :pointer, :size_t], :size_t

  # Copies all of `source`. What the block raises ends the copy and arrives here, and so does Ctrl-C.
  def self.copy(source, target)
    raised, result, copied, options = nil, Result.new, 0, Options.new
    options[:size], options[:flags] = Options.size, INTERRUPT
    options[:progress] = guarded = proc do |_context, so_far|
      yield copied + so_far[:bytes]
      0
    rescue Exception => raised # Interrupt, too
      1
    end
    loop do
      n = zs_copy(source.fileno, nil, target.fileno, nil, TO_END, options, result)
      copied += result[:bytes]
      raise raised if raised
      return copied, result unless n == -1
      # After EINTR Ruby has run its handlers: the copy goes on.
      raise SystemCallError.new("zs_copy", result[:error]) unless result[:error] == Errno::EINTR::Errno
    end
  end
end

begin
  most = ARGV[2]&.to_i
  source, target = File.open(ARGV[0], "rb"), File.open(ARGV[1], "wb")
  FFI.errno = 77
  copied, result = Zsplice.copy(source, target) do |so_far|
    warn "#{so_far} bytes so far"
    raise RangeError, "more than #{most} bytes" if most && so_far > most
  end
  puts "errno is #{FFI.errno == 77 ? "unchanged" : "changed"}"
  names = FFI::MemoryPointer.new(100)
  Zsplice.zs_via_names(result[:via], names, names.size)
  puts "#{copied} bytes by #{names.get_string(0)}"
rescue Interrupt
  warn "interrupted"
  exit 130
rescue SystemCallError, RangeError => error
  abort "#{error.class}: #{error.message}"
end
