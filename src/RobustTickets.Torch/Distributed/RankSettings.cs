// Where a rank finds the others, in the convention every launcher speaks (torchrun, PyTorchJob):
// env://.
using System.Globalization;

namespace RobustTickets.Torch.Distributed;

/// <summary>Place of one rank among the others.</summary>
/// <param name="Host">Host of rank 0.</param>
/// <param name="Port">Port of rank 0's store.</param>
/// <param name="Rank">Number of this rank, from 0.</param>
/// <param name="Size">Number of ranks.</param>
/// <param name="LocalRank">Number of this rank on its host, from 0: the GPU it takes.</param>
internal sealed record RankSettings(string Host, int Port, int Rank, int Size, int LocalRank)
{
    /// <summary>
    /// Reads MASTER_ADDR, MASTER_PORT, RANK, WORLD_SIZE and LOCAL_RANK (default: 0), or Slurm's
    /// SLURM_PROCID, SLURM_NTASKS and SLURM_LOCALID
    /// for the last three. Null when neither WORLD_SIZE nor SLURM_NTASKS names more than one rank.
    /// </summary>
    /// <param name="variable">Looks a variable up; null = the process environment.</param>
    /// <exception cref="FormatException">A variable is missing or no number in its range; the text
    /// names it.</exception>
    public static RankSettings? FromEnvironment(Func<string, string?>? variable = null)
    {
        var read = variable ?? Environment.GetEnvironmentVariable;
        var slurm = read("WORLD_SIZE") is null && read("MASTER_ADDR") is not null && read("SLURM_NTASKS") is not null;
        var sizeName = slurm ? "SLURM_NTASKS" : "WORLD_SIZE";
        if (read(sizeName) is not { Length: > 0 })
            return null;
        var size = Number(sizeName, 1, int.MaxValue);
        if (size == 1)
            return null;
        var rank = Number(slurm ? "SLURM_PROCID" : "RANK", 0, size - 1);
        var localName = slurm ? "SLURM_LOCALID" : "LOCAL_RANK";
        var local = read(localName) is { Length: > 0 } ? Number(localName, 0, size - 1) : 0;
        var host = read("MASTER_ADDR") is { Length: > 0 } given
            ? given
            : throw new FormatException($"{sizeName}={size} but MASTER_ADDR is not set: it names the host of rank 0");
        return new RankSettings(host, Number("MASTER_PORT", 1, 65535), rank, size, local);

        int Number(string name, int least, int most) =>
            int.TryParse(read(name), NumberStyles.None, CultureInfo.InvariantCulture, out var n)
            && n >= least
            && n <= most
                ? n
                : throw new FormatException(
                    $"{name}='{read(name)}': a whole number from {least} to {most} is "
                        + $"needed{(name == sizeName ? "" : $" with {sizeName}={read(sizeName)}")}"
                );
    }
}
