// Finds and loads librobust_tickets_torch.so, checks its ABI version, and records what was tried.
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace RobustTickets.Torch.Native;

/// <summary>
/// The native library between .NET and libtorch. It is loaded at the first use of a tensor, so
/// commands without computation run without it. If <c>ROBUST_TICKETS_NATIVE</c> names a file or
/// folder, only that is used; otherwise it is searched for next to the program, then in
/// <c>native/build</c> of the repository that contains the program.
/// </summary>
internal static unsafe class ShimLibrary
{
    /// <summary>File name of the library.</summary>
    public const string FileName = "librobust_tickets_torch.so";

    /// <summary>Name of the library in <c>LibraryImport</c>.</summary>
    internal const string ImportName = "robust_tickets_torch";

    private static readonly Lock Gate = new();
    private static nint s_handle;
    private static string? s_path;
    private static string s_trace = "";

    /// <summary>
    /// Called once when no library is found and ROBUST_TICKETS_NATIVE is not set: builds one and
    /// returns its path, or null. Null by default, so that a library never compiles anything on its
    /// own.
    /// </summary>
    public static Func<string?>? WhenMissing { get; set; }

    /// <summary>Path of the loaded library, or null while none is loaded.</summary>
    public static string? LoadedFrom => s_path;

    /// <summary>Whether a library exists in any place; loads and builds nothing.</summary>
    public static bool IsPresent => Candidates(Named, AppContext.BaseDirectory).Any(File.Exists);

    private static string? Named => Environment.GetEnvironmentVariable("ROBUST_TICKETS_NATIVE");

    /// <summary>What was tried so far, one line per place.</summary>
    public static string Trace => s_trace;

    /// <summary>
    /// The loaded library. Loads it on first use, after <see cref="CpuSetup.Apply"/>.
    /// </summary>
    /// <exception cref="TorchUnavailableException">The library is missing, does not load or has
    /// another version.</exception>
    internal static nint Handle
    {
        get
        {
            if (Volatile.Read(ref s_handle) is not 0 and var known)
                return known;
            lock (Gate)
            {
                if (s_handle != 0)
                    return s_handle;
                CpuSetup.Apply();
                var named = Named;
                var candidates = Candidates(named, AppContext.BaseDirectory);
                var libtorch = string.IsNullOrEmpty(named) ? Environment.GetEnvironmentVariable("LIBTORCH") : null;
                RequireLibtorch(libtorch);
                if (string.IsNullOrEmpty(named) && !candidates.Any(File.Exists) && WhenMissing?.Invoke() is { } built)
                    candidates = [built];
                var loaded = Load(candidates, out s_path, out s_trace);
                if (loaded == 0)
                    throw string.IsNullOrEmpty(named)
                        ? new TorchUnavailableException(s_trace)
                        : TorchUnavailableException.Named("ROBUST_TICKETS_NATIVE", named, s_trace);
                RequireLinked(libtorch, s_path!);
                // Before the handle is published: other threads may then create tensors.
                CpuSetup.OpenHeap(loaded);
                Volatile.Write(ref s_handle, loaded);
                return loaded;
            }
        }
    }

    /// <summary>Resolves an assembly's imports to the library; loads nothing.</summary>
    internal static void ResolveImportsOf(Assembly assembly) =>
        NativeLibrary.SetDllImportResolver(assembly, static (name, _, _) => name == ImportName ? Handle : 0);

    /// <summary>Loads the library now, unless it is loaded.</summary>
    /// <exception cref="TorchUnavailableException">The library is missing, does not load or has
    /// another version.</exception>
    public static void EnsureLoaded() => _ = Handle;

    // A native library next to the program would be loaded instead of the one for the requested
    // libtorch.
    private static void RequireLibtorch(string? named)
    {
        if (!string.IsNullOrEmpty(named) && !File.Exists(Path.Combine(named, "lib", "libc10.so")))
            throw TorchUnavailableException.Named("LIBTORCH", named, "  it holds no lib/libc10.so\n");
    }

    // A library built with another libtorch would compute with that one.
    private static void RequireLinked(string? named, string library)
    {
        if (string.IsNullOrEmpty(named) || NativeFacts.IsLoadedFrom(Path.Combine(named, "lib", "libc10.so")))
            return;
        var linked = NativeFacts.PathOf("libc10") ?? "another libtorch";
        throw TorchUnavailableException.Named(
            "LIBTORCH",
            named,
            $"  {library} is linked with {linked}; run native/build.sh to rebuild it with this libtorch\n"
        );
    }

    /// <summary>The files to try, in order of preference.</summary>
    /// <param name="named">Value of ROBUST_TICKETS_NATIVE: a file, a folder, or null.</param>
    /// <param name="baseDirectory">Folder of the running program.</param>
    internal static IReadOnlyList<string> Candidates(string? named, string baseDirectory)
    {
        if (!string.IsNullOrEmpty(named))
            return [Directory.Exists(named) ? Path.Combine(named, FileName) : named];
        var found = new List<string> { Path.Combine(baseDirectory, FileName) };
        found.Add(Path.Combine(baseDirectory, "runtimes", RuntimeInformation.RuntimeIdentifier, "native", FileName));
        for (var at = new DirectoryInfo(baseDirectory); at is not null; at = at.Parent)
        {
            if (!File.Exists(Path.Combine(at.FullName, "native", "CMakeLists.txt")))
                continue;
            found.Add(Path.Combine(at.FullName, "native", "build", FileName));
            break;
        }
        return found;
    }

    /// <summary>
    /// Loads the first candidate that exists, loads and has our ABI version; zero and a full trace
    /// if none does.
    /// </summary>
    internal static nint Load(IReadOnlyList<string> candidates, out string? path, out string trace)
    {
        var lines = new StringBuilder();
        path = null;
        foreach (var candidate in candidates)
        {
            lines.Append("  ").Append(candidate).Append(": ");
            if (!File.Exists(candidate))
            {
                lines.Append("not found\n");
                continue;
            }
            nint handle;
            try
            {
                handle = NativeLibrary.Load(candidate);
            }
            catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
            {
                // The runtime's message contains the dynamic linker's: which dependency is missing.
                lines.Append(e.Message.ReplaceLineEndings(" ")).Append('\n');
                continue;
            }
            if (!NativeLibrary.TryGetExport(handle, "rt_abi", out var export))
            {
                lines.Append("loaded, but has no rt_abi: another library of the same name\n");
                continue;
            }
            var abi = ((delegate* unmanaged[Cdecl]<int>)export)();
            if (abi != Shim.Abi)
            {
                lines.Append($"has ABI {abi}, this program needs {Shim.Abi}: run native/build.sh again\n");
                continue;
            }
            lines.Append("loaded\n");
            path = candidate;
            trace = lines.ToString();
            return handle;
        }
        trace = lines.ToString();
        return 0;
    }
}
