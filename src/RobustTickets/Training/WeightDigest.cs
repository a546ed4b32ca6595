using System.Runtime.InteropServices;
using System.Security.Cryptography;
using RobustTickets.Torch.nn;

namespace RobustTickets.Training;

/// <summary>All weights as one short text: equal exactly where every bit is.</summary>
internal static class WeightDigest
{
    /// <summary>SHA-256 over names and values in their order.</summary>
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
