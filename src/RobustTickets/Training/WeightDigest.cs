using System.Runtime.InteropServices;
using System.Security.Cryptography;
using RobustTickets.Torch.nn;

namespace RobustTickets.Training;

/// <summary>A short digest of all weights: equal exactly when all bits are equal.</summary>
internal static class WeightDigest
{
    /// <summary>SHA-256 of names and values in order.</summary>
    public static string Of(ParameterStore store)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var name in store.Names)
        {
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(name));
            hash.AppendData(MemoryMarshal.AsBytes(store[name].host<float>()));
        }
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }
}
