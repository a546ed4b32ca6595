using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using RobustTickets.Torch.Native;

namespace RobustTickets.Kernels;

/// <summary>
/// The native library that holds the kernels: the binding's own, found by its loader.
/// </summary>
internal static class KernelLibrary
{
    /// <summary>Name in the <c>LibraryImport</c> beside each kernel.</summary>
    internal const string Name = ShimLibrary.ImportName;

    // Before the first native call of this assembly; loads nothing.
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "imports stand beside their kernels, in many classes")]
    internal static void Resolve() => ShimLibrary.ResolveImportsOf(typeof(KernelLibrary).Assembly);
}
