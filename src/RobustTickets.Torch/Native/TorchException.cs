// Failures of libtorch as typed exceptions, and the transport of managed exceptions through
// libtorch's autograd engine.
using System.Collections.Concurrent;
using System.Globalization;

namespace RobustTickets.Torch.Native;

/// <summary>
/// An operator or another function of libtorch failed. The message contains the function, the
/// arguments' shapes and libtorch's own message.
/// </summary>
public sealed class TorchException : Exception
{
    /// <summary>Operator schema name (<c>aten::mm</c>) or shim function that failed.</summary>
    public string Operation { get; }

    /// <summary>
    /// Its arguments: shapes and dtypes of tensors, values of the rest; empty without arguments.
    /// </summary>
    public string Arguments { get; }

    /// <summary>libtorch's own message.</summary>
    public string NativeText { get; }

    /// <summary>
    /// Creates the exception for <paramref name="operation"/> called with
    /// <paramref name="arguments"/>.
    /// </summary>
    public TorchException(string operation, string arguments, string nativeText, Exception? inner = null)
        : base(
            $"{operation}: {nativeText.Trim()}{(arguments.Length > 0 ? $"; called with {arguments}" : "")}",
            inner
        ) => (Operation, Arguments, NativeText) = (operation, arguments, nativeText);
}

/// <summary>
/// libtorch is not available: the native library is missing, does not load, or has another version.
/// Nothing that needs tensors can run.
/// </summary>
public sealed class TorchUnavailableException : Exception
{
    /// <summary>Every place that was tried with its result, one per line.</summary>
    public string Trace { get; }

    /// <summary>Creates the exception from the load trace.</summary>
    public TorchUnavailableException(string trace)
        : base(
            "libtorch is not available, so no model can run. Install it and build the native part:\n"
                + "  apt-get install libtorch-dev libopenblas0-openmp libgloo-dev cmake make g++ && native/build.sh\n"
                + "or set LIBTORCH=/path/to/libtorch before native/build.sh, or name a built library in "
                + "ROBUST_TICKETS_NATIVE.\nTried:\n"
                + trace
        ) => Trace = trace;

    private TorchUnavailableException(string message, string trace)
        : base(message) => Trace = trace;

    /// <summary>Creates the exception for an environment variable with an unusable value.</summary>
    internal static TorchUnavailableException Named(string variable, string value, string trace) =>
        new($"{variable}={value} cannot be used; set another value, or unset the variable:\n{trace.TrimEnd()}", trace);
}

/// <summary>
/// Stores exceptions thrown by managed backward functions while libtorch's engine unwinds. Only a
/// number passes through native code (the engine may run nodes on its own threads, so thread-local
/// storage would not work).
/// </summary>
internal static class ManagedErrors
{
    private const string Marker = "managed exception #";
    private static readonly ConcurrentDictionary<long, Exception> Kept = new();
    private static long s_next;

    public static long Keep(Exception exception)
    {
        var id = Interlocked.Increment(ref s_next);
        Kept[id] = exception;
        return id;
    }

    public static Exception Translate(string place, string arguments, string text)
    {
        var at = text.IndexOf(Marker, StringComparison.Ordinal);
        if (at >= 0)
        {
            var digits = text.AsSpan(at + Marker.Length);
            var length = 0;
            while (length < digits.Length && char.IsAsciiDigit(digits[length]))
                length++;
            if (
                long.TryParse(digits[..length], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && Kept.TryRemove(id, out var cause)
            )
            {
                return new TorchException(
                    place,
                    arguments,
                    $"{cause.GetType().Name} in a managed backward: {cause.Message}",
                    cause
                );
            }
        }
        return new TorchException(place, arguments, text);
    }
}
