using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using RobustTickets.Torch.Native;

namespace RobustTickets.Kernels;

/// <summary>
/// The native library with the kernels: the same as the binding's, found by its loader.
/// </summary>
internal static class KernelLibrary
{
    /// <summary>Library name in the <c>LibraryImport</c> of each kernel.</summary>
    internal const string Name = ShimLibrary.ImportName;

    // Runs before the first native call of this assembly; loads nothing.
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "imports are declared next to their kernels, in many classes")]
    internal static void Resolve() => ShimLibrary.ResolveImportsOf(typeof(KernelLibrary).Assembly);
}
