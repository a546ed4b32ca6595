// Finds and loads librobust_tickets_torch.so, checks that it is ours, and keeps a trace of what was
// tried.
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;

namespace RobustTickets.Torch.Native;

/// <summary>
/// The native library between .NET and libtorch. It is loaded at the first use of a tensor, never
/// before, so commands that compute nothing run without it.
/// Where <c>ROBUST_TICKETS_NATIVE</c> names a file or folder, that is the one; else it is looked
/// for beside the program, then in <c>native/build</c> of the repository the program lies in.
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
    /// Asked once when none of the places holds a library and ROBUST_TICKETS_NATIVE names none:
    /// builds one and gives its path, or null. Null by default, so that a library user's process
    /// compiles nothing by itself.
    /// </summary>
    public static Func<string?>? WhenMissing { get; set; }

    /// <summary>Path of the loaded library, or null while none is loaded.</summary>
    public static string? LoadedFrom => s_path;

    /// <summary>Whether some place holds a library; loads and builds nothing.</summary>
    public static bool IsPresent => Candidates(Named, AppContext.BaseDirectory).Any(File.Exists);

    private static string? Named => Environment.GetEnvironmentVariable("ROBUST_TICKETS_NATIVE");

    /// <summary>What was tried so far, one line a place.</summary>
    public static string Trace => s_trace;

    /// <summary>
    /// The loaded library. Loads it on first use, after <see cref="CpuSetup.Apply"/>.
    /// </summary>
    /// <exception cref="TorchUnavailableException">It is missing, does not load or is of another
    /// version.</exception>
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
                // Another thread may make a tensor as soon as it sees the handle.
                CpuSetup.OpenHeap(loaded);
                Volatile.Write(ref s_handle, loaded);
                return loaded;
            }
        }
    }

    /// <summary>Lets the imports of an assembly find the library; loads nothing.</summary>
    internal static void ResolveImportsOf(Assembly assembly) =>
        NativeLibrary.SetDllImportResolver(assembly, static (name, _, _) => name == ImportName ? Handle : 0);

    /// <summary>Loads the library now. Does nothing when it is loaded.</summary>
    /// <exception cref="TorchUnavailableException">It is missing, does not load or is of another
    /// version.</exception>
    public static void EnsureLoaded() => _ = Handle;

    // A native part beside the program would be loaded in place of what was asked for.
    private static void RequireLibtorch(string? named)
    {
        if (!string.IsNullOrEmpty(named) && !File.Exists(Path.Combine(named, "lib", "libc10.so")))
            throw TorchUnavailableException.Named("LIBTORCH", named, "  it holds no lib/libc10.so\n");
    }

    // One that was built with another libtorch would compute with that.
    private static void RequireLinked(string? named, string library)
    {
        if (string.IsNullOrEmpty(named) || NativeFacts.IsLoadedFrom(Path.Combine(named, "lib", "libc10.so")))
            return;
        var linked = NativeFacts.PathOf("libc10") ?? "another libtorch";
        throw TorchUnavailableException.Named(
            "LIBTORCH",
            named,
            $"  {library} is linked with {linked}; native/build.sh builds it anew with the libtorch named\n"
        );
    }

    /// <summary>The files to try, best first.</summary>
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
    /// Loads the first candidate that is there, loads and speaks our ABI; zero and a full trace
    /// when none does.
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
                lines.Append("not there\n");
                continue;
            }
            nint handle;
            try
            {
                handle = NativeLibrary.Load(candidate);
            }
            catch (Exception e) when (e is DllNotFoundException or BadImageFormatException)
            {
                // The runtime's text holds the dynamic linker's: which dependency is missing.
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
                lines.Append($"speaks ABI {abi}, this program {Shim.Abi}: run native/build.sh again\n");
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
