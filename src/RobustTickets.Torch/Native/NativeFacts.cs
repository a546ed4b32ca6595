// Facts reported by the loaded native libraries.
using System.Runtime.InteropServices;

namespace RobustTickets.Torch.Native;

internal static unsafe partial class NativeFacts
{
    private const int RtldNow = 2,
        RtldNoLoad = 4;
    private const string Maps = "/proc/self/maps";

    /// <summary>libtorch's description of its build.</summary>
    public static string Build() => Described(0);

    /// <summary>libtorch's description of its threads.</summary>
    public static string Parallel() => Described(1);

    /// <summary>The loaded OpenBLAS, or null. Never loads one.</summary>
    public static OpenBlasInfo? OpenBlas()
    {
        if (!OperatingSystem.IsLinux())
            return null;
        var handle = dlopen("libopenblas.so.0", RtldNow | RtldNoLoad);
        if (
            handle == 0
            || !NativeLibrary.TryGetExport(handle, "openblas_get_config", out var config)
            || !NativeLibrary.TryGetExport(handle, "openblas_get_corename", out var core)
            || !NativeLibrary.TryGetExport(handle, "openblas_get_parallel", out var parallel)
        )
            return null;
        var threading = ((delegate* unmanaged[Cdecl]<int>)parallel)() switch
        {
            1 => "pthreads",
            2 => "openmp",
            _ => "none",
        };
        return new OpenBlasInfo(
            Shim.Text(((delegate* unmanaged[Cdecl]<byte*>)config)()).Trim(),
            Shim.Text(((delegate* unmanaged[Cdecl]<byte*>)core)()),
            threading,
            PathOf("libopenblas") ?? ""
        );
    }

    /// <summary>Whether a library is loaded from this file, under any path.</summary>
    public static bool IsLoadedFrom(string path) => dlopen(path, RtldNow | RtldNoLoad) != 0;

    /// <summary>Whether a shared library whose file name starts with this text is loaded.</summary>
    public static bool IsLoaded(string beginning) => PathOf(beginning) is not null;

    /// <summary>
    /// File of the first loaded library whose name starts with this text, or null.
    /// </summary>
    public static string? PathOf(string beginning) =>
        !File.Exists(Maps)
            ? null
            : File.ReadLines(Maps)
                .Select(line => line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries))
                .Where(fields => fields.Length == 6)
                .Select(fields => fields[5])
                .FirstOrDefault(file => Path.GetFileName(file).StartsWith(beginning, StringComparison.Ordinal));

    /// <summary>
    /// State of the heap of large tensors: bytes committed, bytes in tensors, holes between them.
    /// Zeros if it is not open.
    /// </summary>
    public static (long Reached, long Used, long Holes) Heap()
    {
        Shim.rt_heap_state(out var reached, out var used, out var holes);
        return (reached, used, holes);
    }

    private static string Described(int what)
    {
        byte* text;
        Shim.Check(Shim.rt_describe(what, &text), "describe libtorch");
        return Shim.Text(text).Trim();
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint dlopen(string path, int flags);
}
