// Restarts of a failed search that visit the words in random order instead of by importance, so
// that a victim does not gain by scores that obscure word importance (docs/methods/attacks.md,
// Random restarts).

using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RobustTickets.Attacks.Data;

namespace RobustTickets.Attacks.Searches;

/// <summary>
/// A greedy search that restarts from the original text in random word order while it fails. The
/// attack succeeds if any try does; otherwise the result is the best text of all tries.
/// </summary>
/// <param name="First">The first try.</param>
/// <param name="Count">Maximum number of restarts.</param>
/// <param name="Seed">Seed of the orders; an order depends only on it, the try and the
/// text.</param>
public sealed record RandomRestarts(ISearch First, int Count, uint Seed = 42) : ISearch
{
    /// <inheritdoc/>
    public string Name => $"{First.Name}, {Count} restarts in random order";

    /// <inheritdoc/>
    public IEnumerable<SearchRequest> Run(SearchContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var spent = false;
        foreach (var request in First.Run(context))
        {
            yield return request;
            spent |= request is ScoreRequest { BudgetSpent: true };
        }
        for (var number = 1; number <= Count && !spent && !context.Best.Verdict.Succeeded; number++)
        {
            context.Restart();
            var visit = new GreedyVisit(context);
            foreach (var position in Order(context.Original.Text, number))
            {
                foreach (var request in visit.At(position))
                {
                    yield return request;
                    spent |= request is ScoreRequest { BudgetSpent: true };
                }
                if (visit.IsOver)
                    break;
            }
        }
    }

    /// <summary>The positions of a text in the order of the given try.</summary>
    internal int[] Order(AttackedText text, int number)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{Seed}\n{number}\n{text.Text}");
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(key));
        return Splits.Order(text.WordArray.Length, BinaryPrimitives.ReadUInt64LittleEndian(hash));
    }
}
