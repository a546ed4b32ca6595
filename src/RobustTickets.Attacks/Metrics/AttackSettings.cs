using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks.Resources;

namespace RobustTickets.Attacks.Metrics;

/// <summary>Everything that determines an attack's figures; stored with them.</summary>
/// <param name="Recipe">The recipe's name.</param>
/// <param name="Compat">The TextAttack release whose behaviour is followed.</param>
/// <param name="Victim">Human-readable description of the victim.</param>
/// <param name="QueryBudget">Maximum queries per example, if limited.</param>
/// <param name="Composition">The recipe, line by line, with sources.</param>
/// <param name="Resources">Files with hashes.</param>
/// <param name="Run">Lines added by the caller: data, split, sampling, truncation.</param>
/// <param name="TimeLimitSeconds">Maximum compute seconds per example, if limited.</param>
public sealed record AttackSettings(
    string Recipe,
    TextAttackVersion Compat,
    string Victim,
    int? QueryBudget,
    IReadOnlyList<RecipeLine> Composition,
    IReadOnlyList<ResourceInfo> Resources,
    IReadOnlyList<RecipeLine> Run,
    double? TimeLimitSeconds = null
)
{
    /// <summary>The settings of an attack.</summary>
    public static AttackSettings Of(Attack attack, string victim, IReadOnlyList<RecipeLine>? run = null)
    {
        ArgumentNullException.ThrowIfNull(attack);
        return new AttackSettings(
            attack.Name,
            attack.Version,
            victim,
            attack.QueryBudget,
            attack.Lines,
            attack.Resources,
            run ?? [],
            attack.TimeLimit?.TotalSeconds
        );
    }

    /// <summary>These settings with the examples to attack, as a hash.</summary>
    internal AttackSettings ForExamples(IReadOnlyList<Example> inputs)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var input in inputs)
        {
            var columns = string.Join('\0', input.Columns.Select(c => c.Key + "\0" + c.Value));
            hash.AppendData(Encoding.UTF8.GetBytes($"{input.Id}\0{input.Label}\0{columns}\n"));
        }
        var examples = new RecipeLine(
            "examples",
            $"{inputs.Count}, sha256 {Convert.ToHexStringLower(hash.GetHashAndReset())}",
            "ids, labels and texts in order"
        );
        return this with { Run = [.. Run, examples] };
    }
}
