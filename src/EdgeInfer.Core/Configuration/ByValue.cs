using System.Collections;

namespace EdgeInfer.Configuration;

/// <summary>
/// Lists and maps of options that compare by what they hold: a record that keeps its collections in this form is equal to another of
/// the same content, however it came about. That is how a reload knows what has changed.
/// </summary>
internal static class ByValue
{
    /// <summary>A list that compares by its items, in their order.</summary>
    public static IReadOnlyList<T> List<T>(IReadOnlyList<T> items) => items as ValueList<T> ?? new ValueList<T>([.. items]);

    /// <summary>As <see cref="List{T}"/>, of what may be absent.</summary>
    public static IReadOnlyList<T>? ListOrNull<T>(IReadOnlyList<T>? items) => items is null ? null : List(items);

    /// <summary>A map that compares by its entries, whatever their order.</summary>
    public static IReadOnlyDictionary<string, T> Map<T>(IReadOnlyDictionary<string, T> entries) => entries as ValueMap<T> ?? new ValueMap<T>(new(entries, StringComparer.Ordinal));

    private sealed class ValueList<T>(T[] items) : IReadOnlyList<T>
    {
        public int Count => items.Length;

        public T this[int index] => items[index];

        public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)items).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => items.GetEnumerator();

        public override bool Equals(object? obj) => obj is ValueList<T> other && this.SequenceEqual(other);

        public override int GetHashCode() => items.Aggregate(items.Length, static (hash, item) => HashCode.Combine(hash, item));

        public override string ToString() => $"[{string.Join(", ", items)}]";
    }

    private sealed class ValueMap<T>(Dictionary<string, T> entries) : IReadOnlyDictionary<string, T>
    {
        public int Count => entries.Count;

        public IEnumerable<string> Keys => entries.Keys;

        public IEnumerable<T> Values => entries.Values;

        public T this[string key] => entries[key];

        public bool ContainsKey(string key) => entries.ContainsKey(key);

        public bool TryGetValue(string key, out T value) => entries.TryGetValue(key, out value!);

        public IEnumerator<KeyValuePair<string, T>> GetEnumerator() => entries.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => entries.GetEnumerator();

        public override bool Equals(object? obj) => obj is ValueMap<T> other && other.Count == Count
            && entries.All(e => other.TryGetValue(e.Key, out T value) && EqualityComparer<T>.Default.Equals(e.Value, value));

        public override int GetHashCode() => entries.Aggregate(entries.Count, static (hash, e) => hash ^ HashCode.Combine(e.Key, e.Value));

        public override string ToString() => $"{{ {string.Join(", ", entries.Keys)} }}";
    }
}
